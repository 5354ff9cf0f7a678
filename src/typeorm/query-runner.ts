import { type QueryRunner } from 'typeorm';

/** Property of our wrap of TypeORM's `query()`: the unwrapped method. */
export const OWN_QUERY = Symbol.for('nestjs-typeorm-audit:own-query');

export type OwnQuery = (this: QueryRunner, text: string, parameters?: unknown[]) => Promise<unknown>;

/**
 * Whether a query runner's `query()` is TypeORM's own. Derived classes, proxies and tracing wrappers replace it, for
 * example to set a tenant or a role before each statement, so no statement may bypass theirs.
 */
export function hasOwnQuery(queryRunner: QueryRunner): boolean {
  return OWN_QUERY in (queryRunner as { readonly query: object }).query;
}

/** TypeORM's own `query()`, beneath derived classes and wrappers. */
export function ownQueryOf(queryRunner: QueryRunner): OwnQuery {
  for (let owner: object | null = queryRunner; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const query = Object.getOwnPropertyDescriptor(owner, 'query')?.value as
      { [OWN_QUERY]?: OwnQuery } | undefined;
    if (query?.[OWN_QUERY]) return query[OWN_QUERY];
  }
  return (text, parameters) => queryRunner.query(text, parameters);
}

/** The driver's connection of a query runner; undefined before it connects. */
export function connectionOf(queryRunner: QueryRunner): object | undefined {
  return (queryRunner as { databaseConnection?: object }).databaseConnection;
}

/** The query runner that TypeORM made, beneath runners derived from it by `Object.create()`. */
export function baseRunnerOf(queryRunner: QueryRunner): QueryRunner {
  let owner: object | null = queryRunner;
  // TypeORM's constructor sets `broadcaster` on each query runner.
  while (owner && !Object.hasOwn(owner, 'broadcaster')) owner = Object.getPrototypeOf(owner) as object | null;
  return (owner as QueryRunner | null) ?? queryRunner;
}
