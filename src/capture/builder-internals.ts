import { type ObjectLiteral, type QueryRunner } from 'typeorm';
import { type QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js';

/** What a query builder has that its subclasses may use and others may not. */
export interface BuilderInternals {
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
}
