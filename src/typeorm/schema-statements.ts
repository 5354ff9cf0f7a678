import { type QueryRunner } from 'typeorm';
import { Query } from 'typeorm/driver/Query.js';
import { withProperty } from './patches/schema-builder.patch.js';

/** Statements of a migration, and those that undo them, in the order in which they run. */
export interface SchemaStatements {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

type Queries = Query | Query[];
type Runner = QueryRunner & { executeQueries(up: Queries, down: Queries): Promise<void> };

/** The statements that a method of a query runner would send. */
export async function statementsOf(
  queryRunner: QueryRunner,
  run: () => Promise<unknown>,
): Promise<SchemaStatements> {
  const up: string[] = [];
  const down: string[] = [];
  const textsOf = (queries: Queries): string[] =>
    (Array.isArray(queries) ? queries : [queries]).map(({ query }) => query);
  const collect: Runner['executeQueries'] = async (upQueries, downQueries) => {
    up.push(...textsOf(upQueries));
    down.unshift(...textsOf(downQueries).reverse());
  };
  await withProperty(queryRunner, 'executeQueries', collect, run);
  return { up, down };
}

/** Sends statements, or adds them to the migration that is being generated. */
export async function addStatements(queryRunner: QueryRunner, { up, down }: SchemaStatements): Promise<void> {
  const queries = (texts: readonly string[]): Query[] => texts.map((text) => new Query(text, undefined));
  // A migration runs the statements of its down() in reverse.
  await (queryRunner as Runner).executeQueries(queries(up), queries([...down].reverse()));
}

/** Adds statements to the migration that is being generated: the last that its down() runs. */
export function addLastOfDown(queryRunner: QueryRunner, texts: readonly string[]): void {
  const queries = texts.map((text) => new Query(text, undefined));
  queryRunner.getMemorySql().downQueries.unshift(...queries.reverse());
}
