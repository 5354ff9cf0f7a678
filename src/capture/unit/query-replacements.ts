import { type QueryRunner } from 'typeorm';
import { hasOwnQuery } from '../../typeorm/query-runner.js';
import { isWrappedOn } from '../../typeorm/wrap-member.js';

/** Functions that another library has put in the place of TypeORM's `query()`, and that may not call ours. */
export class ReplacedQueries {
  /** The functions that were seen to call ours. */
  private readonly trusted = new WeakSet<object>();

  /** Whether a query runner has such a function, and nobody knows yet whether it calls ours. */
  isUnknown(queryRunner: QueryRunner): boolean {
    if (hasOwnQuery(queryRunner)) return false;
    for (
      let owner: object | null = queryRunner;
      owner;
      owner = Object.getPrototypeOf(owner) as object | null
    ) {
      const query: unknown = Object.getOwnPropertyDescriptor(owner, 'query')?.value;
      // A derived class, or a wrapper of one runner, calls what is beneath it, as far as a statement that follows tells.
      if (query) return isWrappedOn(owner, 'query') && !this.trusted.has(query);
    }
    return false;
  }

  trust(query: object): void {
    this.trusted.add(query);
  }
}
