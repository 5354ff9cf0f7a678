import { type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type KeyDescription, type KeyPacker, type KeyTable } from './key.js';

export type WriteKind = 'insert' | 'update' | 'delete';

/**
 * How a query builder's write returns the keys of its rows.
 *
 * - `clause`: by TypeORM's own RETURNING clause
 * - `beside`: by TypeORM's RETURNING clause, but only if needed or beside other columns, because the driver's result
 *   then has rows in place of its header
 * - `appended`: by a RETURNING clause that we append to the statement
 * - `none`: not at all
 */
export type Returning = 'clause' | 'beside' | 'appended' | 'none';

/** How keys are read, sent as parameters, and returned by writes. */
export interface Keys {
  /** A key column for a SELECT list, in a form that can be sent back as a key without loss: mostly text. */
  read(expression: string, column: ColumnMetadata): string;

  /** A parameter, cast to the type of a key column. */
  value(parameter: string, column: ColumnMetadata): string;

  /** A key column as ORDER BY takes it, so that > compares with a parameter in the same order. */
  ordered(expression: string, column: ColumnMetadata): string;

  /**
   * Whether a join with a key table reads the whole other table, unless that is many times larger or the statement says
   * between which keys its rows are. Elsewhere bounds keep the optimizer from looking rows up.
   */
  readonly needsBounds: boolean;

  /** Reads what `table()` needs to know about the key columns, once for each table. */
  describe(queryRunner: QueryRunner, columns: readonly ColumnMetadata[]): Promise<KeyDescription>;

  /** Rows of keys from the parameters `{{keys}}` or `{{keys0}}`, `{{keys1}}`, …, in their order. */
  table(description: KeyDescription): KeyTable;

  /** Reads keys as text that goes back to the database unparsed; undefined if keys are read one by one. */
  packer?(columns: readonly ColumnMetadata[]): KeyPacker | undefined;

  /** How a query builder's write returns the keys of its rows. */
  returning(kind: WriteKind): Returning;

  /** The RETURNING clause to append to a write, if `returning()` is `appended`. */
  returningClause(kind: WriteKind, keys: string): string;

  /**
   * Turns the result of a write with RETURNING into the result without RETURNING.
   *
   * @param firstNumber the generated key of the first row, if there is one
   * @param given the number of rows that an insert was given; undefined for INSERT … SELECT
   */
  forgetReturned(
    queryRunner: QueryRunner,
    kind: WriteKind,
    result: QueryResult,
    firstNumber: unknown,
    given: number | undefined,
  ): Promise<void>;

  /** The step between the generated keys of one insert; undefined if inserts return their keys. */
  numberingStep?(queryRunner: QueryRunner): Promise<number>;

  /** The row's physical place (`ctid`), for RETURNING: at SERIALIZABLE a look-up by key would conflict with others. */
  readonly rowPlace?: string;

  /**
   * Rows `t` of a table from the parameter `{{places}}`, for FROM, and the number of each from 0, read without an
   * index. Undefined if rows have no place.
   */
  placedRows?(table: string): { readonly sql: string; readonly ordinal: string };

  /** The clause after an INSERT's column list that allows values for generated keys (`OVERRIDING SYSTEM VALUE`). */
  readonly overriding: string;

  /**
   * Advances the generator of a key to the greatest key of some rows `t`. Undefined if the database does so itself.
   *
   * @param rows the rows, for FROM
   */
  advanceGenerator?(table: string, column: string, rows: string): string;
}
