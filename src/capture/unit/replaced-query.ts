import { type QueryRunner } from 'typeorm';
import { hasOwnQuery } from '../../typeorm/query-runner.js';
import { isWrappedOn } from '../../typeorm/wrap-member.js';

/** The functions that have been seen to call the one that the library stands around. */
const watched = new WeakSet<object>();

/** Whether another library has put a function in the place of TypeORM's `query()`, and nobody knows whether it calls ours. */
export function isReplaced(queryRunner: QueryRunner): boolean {
  if (hasOwnQuery(queryRunner)) return false;
  for (let owner: object | null = queryRunner; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const query: unknown = Object.getOwnPropertyDescriptor(owner, 'query')?.value;
    // A derived class, or a wrapper of one runner, calls what is beneath it, as far as a statement that follows tells.
    if (query) return isWrappedOn(owner, 'query') && !watched.has(query);
  }
  return false;
}

export function noteWatched(query: object): void {
  watched.add(query);
}
