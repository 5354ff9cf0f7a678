import { type QueryRunner } from 'typeorm';
import { hasOwnQuery } from '../../typeorm/query-runner.js';
import { isWrappedOn } from '../../typeorm/wrap-member.js';

/** Functions with which another library has replaced `query()` of TypeORM's query runners. They may not call ours. */
export class QueryReplacements {
  /** The functions that have called ours. */
  private readonly trusted = new WeakSet<object>();

  /** Whether a query runner has such a function that hasn't been tested yet. */
  isUnknown(queryRunner: QueryRunner): boolean {
    if (hasOwnQuery(queryRunner)) return false;
    for (
      let owner: object | null = queryRunner;
      owner;
      owner = Object.getPrototypeOf(owner) as object | null
    ) {
      const query: unknown = Object.getOwnPropertyDescriptor(owner, 'query')?.value;
      // A derived class, or a wrapper of one runner, is assumed to call the method beneath. Later statements show it.
      if (query) return isWrappedOn(owner, 'query') && !this.trusted.has(query);
    }
    return false;
  }

  trust(query: object): void {
    this.trusted.add(query);
  }
}
