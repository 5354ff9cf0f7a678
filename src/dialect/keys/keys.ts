import { type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type KeyDescription, type KeyPacker, type KeyTable } from './key.js';

export type WriteKind = 'insert' | 'update' | 'delete';

/**
 * How a query builder's write returns the keys of its rows.
 *
 * - `clause`: by TypeORM's own RETURNING clause
 * - `beside`: by the same, and best together with other columns, because RETURNING replaces what the driver reports else
 * - `appended`: by a RETURNING clause that is appended to the statement
 * - `none`: it doesn't
 */
export type Returning = 'clause' | 'beside' | 'appended' | 'none';

/** How keys are read, sent as parameters, and returned by writes. */
export interface Keys {
  /** A key column for a SELECT list, in a form that comes back without loss when it is sent as a key: mostly text. */
  read(expression: string, column: ColumnMetadata): string;

  /** A parameter, cast to the type of a key column. */
  value(parameter: string, column: ColumnMetadata): string;

  /** Finds out what `table()` needs to know of the key columns. Asked once for each table. */
  describe(queryRunner: QueryRunner, columns: readonly ColumnMetadata[]): Promise<KeyDescription>;

  /** Rows of keys from the parameters `{{keys}}` or `{{keys0}}`, `{{keys1}}`, …, in their order. */
  table(description: KeyDescription): KeyTable;

  /** Reads keys as text that goes back to the database unparsed; undefined where keys are read one by one. */
  packer?(columns: readonly ColumnMetadata[]): KeyPacker | undefined;

  /** How a query builder's write returns the keys of its rows. */
  returning(kind: WriteKind): Returning;

  /** The RETURNING clause to append to a write, where `returning()` is `appended`. */
  returningClause(kind: WriteKind, keys: string): string;

  /**
   * Turns the result of a write that returned its keys into the result that it would have had without.
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

  /** The step between the generated keys of one insert; undefined where inserts return their keys. */
  numberingStep?(queryRunner: QueryRunner): Promise<number>;

  /** The physical place of a row, for a RETURNING list: at SERIALIZABLE a look-up by key would conflict with others. */
  readonly rowPlace?: string;

  /**
   * Rows `t` of a table from the parameter `{{places}}`, for FROM, and the number of each from 0, read without an index.
   * Undefined where rows have no place.
   */
  placedRows?(table: string): { readonly sql: string; readonly ordinal: string };

  /** Follows the column list of an INSERT that gives generated keys too (`OVERRIDING SYSTEM VALUE`). */
  readonly overriding: string;

  /**
   * Advances the generator of a key to the value that row `t`, named by a condition, was inserted with. Undefined where
   * the database does so itself.
   */
  advanceGenerator?(table: string, column: string, isRow: string): string;
}
