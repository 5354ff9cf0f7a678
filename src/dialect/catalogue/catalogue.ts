import { type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Capacity, type Widenings } from './column-type.js';

/** A column as the database has it. */
export interface ActualColumn {
  readonly name: string;
  /** As the database writes it, as in `character varying(100)`. */
  readonly type: string;
  readonly isNullable: boolean;
  /** Whether an INSERT that doesn't name it succeeds. */
  readonly isOptional: boolean;
}

/** What the database says of its tables. */
export interface Catalogue {
  /**
   * The columns of tables, by one query. A table that is not there has none.
   *
   * @param paths as `EntityMetadata#tablePath`
   */
  read(queryRunner: QueryRunner, paths: readonly string[]): Promise<ActualColumn[][]>;

  /** The type that a column needs, as an ALTER TABLE takes it. */
  neededType(column: ColumnMetadata): string;

  /** What a type can hold; undefined for one that isn't known here. */
  capacityOf(type: string): Capacity | undefined;

  /** Of each kind of type, the other kinds that hold all of its values and compare with them. */
  readonly widenings: Widenings;

  /** Whether `Name` and `name` are two columns. */
  readonly hasCase: boolean;
}
