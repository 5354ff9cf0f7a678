import { type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Capacity, type Widenings } from './column-type.js';

/** A column of a table in the database. */
export interface ActualColumn {
  readonly name: string;
  /** As the database writes it: `character varying(100)`. */
  readonly type: string;
  readonly isNullable: boolean;
  /** Whether an INSERT that doesn't name the column succeeds. */
  readonly isOptional: boolean;
}

/** The database's catalogue: tables, columns and types. */
export interface Catalogue {
  /**
   * The columns of tables, by one query. A missing table has none.
   *
   * @param paths as `EntityMetadata#tablePath`
   */
  read(queryRunner: QueryRunner, paths: readonly string[]): Promise<ActualColumn[][]>;

  /** The type that a column needs, for ALTER TABLE. */
  neededType(column: ColumnMetadata): string;

  /** What a type can hold; undefined for an unknown type. */
  capacityOf(type: string): Capacity | undefined;

  /** For each kind of type, the other kinds that hold all of its values and can be compared with it. */
  readonly widenings: Widenings;

  /** Whether `Name` and `name` are two columns. */
  readonly hasCase: boolean;

  /** The place of a table: the same text for an entity's metadata and for every path of its table. */
  tablePlace(this: void, target: EntityMetadata | string): string;

  /** Why a revision table would be too wide for the database or for our statements; undefined if it isn't. */
  tooWide(audited: readonly ColumnMetadata[], revision: readonly ColumnMetadata[]): string | undefined;
}
