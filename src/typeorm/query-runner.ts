import { type QueryRunner } from 'typeorm';

/** On TypeORM's own `query()`, as the library has extended it: the method as it was. */
export const OWN_QUERY = Symbol.for('nestjs-typeorm-audit:own-query');

export type OwnQuery = (this: QueryRunner, text: string, parameters?: unknown[]) => Promise<unknown>;

/**
 * Whether a query runner's `query()` is TypeORM's own. Derived classes, proxies and tracing wrappers have another one,
 * which may set a tenant or a role for each statement, so that no statement may go past it.
 */
export function hasOwnQuery(queryRunner: QueryRunner): boolean {
  return OWN_QUERY in (queryRunner as { readonly query: object }).query;
}

/** TypeORM's `query()` beneath that of a query runner, whatever is derived from it. */
export function ownQueryOf(queryRunner: QueryRunner): OwnQuery {
  for (let owner: object | null = queryRunner; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const query = Object.getOwnPropertyDescriptor(owner, 'query')?.value as
      { [OWN_QUERY]?: OwnQuery } | undefined;
    if (query?.[OWN_QUERY]) return query[OWN_QUERY];
  }
  return (text, parameters) => queryRunner.query(text, parameters);
}

/** The driver's connection that a query runner has; undefined until it has one. */
export function connectionOf(queryRunner: QueryRunner): object | undefined {
  return (queryRunner as { databaseConnection?: object }).databaseConnection;
}

/** The query runner that TypeORM made, where another one was made from it by `Object.create()`. */
export function baseRunnerOf(queryRunner: QueryRunner): QueryRunner {
  let owner: object | null = queryRunner;
  // TypeORM's constructor gives each its own.
  while (owner && !Object.hasOwn(owner, 'broadcaster')) owner = Object.getPrototypeOf(owner) as object | null;
  return (owner as QueryRunner | null) ?? queryRunner;
}
