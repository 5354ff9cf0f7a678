import { type ObjectLiteral, type QueryRunner } from 'typeorm';
import { type QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js';
import { type CheckedOf } from './members.js';

/** What of a builder is no method: `typeorm-fields` checks the first, and TypeORM publishes the second. */
type Field = 'expressionMap' | 'queryRunner';
type Method = CheckedOf<'QueryBuilder' | 'UpdateQueryBuilder' | 'SoftDeleteQueryBuilder'>;

/** Members of a builder, which compile only if attaching checks them. */
type Checked<T> = [Exclude<keyof T, Field | Method>] extends [never] ? T : never;

/** What a query builder has that its subclasses may use and others may not. */
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
