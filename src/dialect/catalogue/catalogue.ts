import { type EntityMetadata, type QueryRunner } from 'typeorm';
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

/** What the database knows of its tables. */
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

  /** For each kind of type, the other kinds that hold all of its values and compare with them. */
  readonly widenings: Widenings;

  /** Whether `Name` and `name` are two columns. */
  readonly hasCase: boolean;

  /** Where a table is: the same text for an entity's metadata and for every path that means its table. */
  tablePlace(this: void, target: EntityMetadata | string): string;

  /** Why a revision table would be too wide for the database or for our statements; undefined if it isn't. */
  tooWide(audited: readonly ColumnMetadata[], revision: readonly ColumnMetadata[]): string | undefined;
}
