import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** A table by its path, with its schema if it has one. */
export type TablePath = Pick<EntityMetadata, 'tablePath'>;

/** A column, as ALTER TABLE names it. */
export interface ColumnPlace extends TablePath {
  readonly column: string;
}

/**
 * The statements that change this library's tables in a migration. None of them loses a value.
 *
 * A migration may run again after it was reverted, and its revert drops nothing. So adding what is there and dropping
 * what isn't are no errors.
 */
export interface Schema {
  /** The type of a column for ALTER TABLE, with its character set and collation. */
  columnType(column: ColumnMetadata): string;

  /** Adds a nullable column. */
  addColumn(place: ColumnPlace, type: string): string[];

  renameColumn(place: ColumnPlace, to: string): string[];

  /** Drops a column with its values. */
  dropColumn(place: ColumnPlace): string[];

  /** Changes a column to a type that holds all of its values; undefined where it can't without rebuilding the table. */
  widenColumn?(place: ColumnPlace, type: string, isNullable: boolean): string[];

  /**
   * Makes a column nullable.
   *
   * @param type its type as the database writes it
   * @param free the name of no column
   */
  allowNull(place: ColumnPlace, type: string, free: string): string[];

  /** A statement of TypeORM's that creates a table or one of its indices, for a table that may be there. */
  createTable(statement: string): string;

  /** TypeORM's CREATE INDEX, for an index that may be there. */
  createIndex(table: TablePath, name: string, statement: string): string[];

  /** TypeORM's DROP INDEX, for an index that may be gone. */
  dropIndex(table: TablePath, name: string, statement: string): string[];

  /** Gives a table another name, another schema, or both. */
  moveTable(from: TablePath, to: TablePath): string[];

  /**
   * Gives an index another name.
   *
   * @param create TypeORM's statements that create it under the new name
   */
  renameIndex(table: TablePath, from: string, to: string, create: readonly string[]): string[];

  /** Gives the constraint of a primary key another name, if it has the old one; undefined where it has no name. */
  renamePrimaryKey?(table: TablePath, from: string, to: string): string[];

  /** A text as a literal. */
  text(this: void, value: string): string;

  /** The time of the statement in seconds since the epoch, with fractions. */
  readonly now: string;
}

/** The path of an index or another table in a table's schema. */
export function inSchemaOf({ tablePath }: TablePath, name: string): TablePath {
  return { tablePath: tablePath.slice(0, tablePath.lastIndexOf('.') + 1) + name };
}
