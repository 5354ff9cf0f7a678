import { type ObjectLiteral, type QueryRunner } from 'typeorm';
import { type QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js';
import { type CheckedOf } from './members.js';

/** Members that are not methods: `fields.ts` checks `expressionMap`, and TypeORM publishes `queryRunner`. */
type Field = 'expressionMap' | 'queryRunner';
type Method = CheckedOf<'QueryBuilder' | 'UpdateQueryBuilder' | 'SoftDeleteQueryBuilder'>;

/** Members of a builder. This compiles only if attaching checks each of them. */
type Checked<T> = [Exclude<keyof T, Field | Method>] extends [never] ? T : never;

/** The members of a query builder that recording uses. Most are protected. */
export type BuilderInternals = Checked<{
  readonly expressionMap: QueryBuilder<any>['expressionMap'];
  queryRunner?: QueryRunner;
  obtainQueryRunner(): QueryRunner;
  getTableName(path: string): string;
  getMainTableName(): string;
  getParameters(): ObjectLiteral;
  createCteExpression(): string;
  createWhereExpression(): string;
  createOrderByExpression?(): string;
  createLimitExpression?(): string;
  replacePropertyNamesForTheWholeQuery(statement: string): string;
}>;
