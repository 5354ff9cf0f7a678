import { type ColumnOptions, type EntityMetadata, type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type DigestFunction, type DigestKey } from './masks/digest-key.js';
import { type KeyDescription, type KeyPacker, type KeyTable } from './keys/key.js';
import { type Executed } from './run/executed.js';
import { type Catalogue } from './catalogue/catalogue.js';
import { type RevisionBlocks } from './sql/revision-blocks.js';
import { type Session } from './session/session.js';
import { type Refusal } from './run/refusal.js';
import { type Statement } from './run/statement.js';
import { type Texts } from './types/texts.js';
import { type TimeLimit } from './run/time-limit.js';

/** What a value that isn't copied from a table is, for databases that have to be told. */
export type ValueType = 'uuid' | 'time' | 'text' | 'json' | 'integer' | 'boolean';

/**
 * What differs between databases. One file each; nothing outside this folder knows a database by name.
 *
 * Expressions are SQL text; `{{name}}` in them is the place of a parameter (see `Statement`).
 */
export interface Dialect {
  /** The column options of the revision table's own types. */
  readonly columnTypes: Readonly<Record<'uuid' | 'json' | 'text', ColumnOptions>>;

  /** How texts that are not copied get into columns of ours; undefined where all do as they are. */
  readonly texts?: Texts;

  /** What the database says of its tables. */
  readonly catalogue: Catalogue;

  /** Where a table is: the same text for an entity's metadata and for every path that means its table. */
  tablePlace(this: void, target: EntityMetadata | string): string;

  /** Why a revision table would be too wide for the database, or for our statements; undefined if it isn't. */
  tooWide(audited: readonly ColumnMetadata[], revision: readonly ColumnMetadata[]): string | undefined;

  /** The options in which a copied column differs from the one it is copied from. */
  copiedType(column: ColumnMetadata): ColumnOptions;

  /** The n-th parameter of a statement, from 1, and whether it can be named twice. */
  placeholder(n: number): string;
  readonly numbersParameters: boolean;

  /** A pattern of names and strings in quotes, without groups. */
  readonly quoted: string;

  /** A value of a column as its copy takes it. */
  copied(expression: string, column: ColumnMetadata): string;

  /** A text expression as the type that the copies of masked columns have. */
  asText(expression: string): string;

  /**
   * The digest of a value's text, or of its bytes: the key's id and an HMAC-SHA-256, in 64 hexadecimal digits; null for
   * null.
   */
  digest(expression: string, column: ColumnMetadata, key: DigestKey): string;

  /** Gives the connection the function that `digest()` calls, where the database can't hash. */
  provideDigest?(digest: DigestFunction): void;

  /**
   * Makes the database choose the pad that blinds the keys of the next statement, in the same transaction. It goes to
   * the driver, because TypeORM would show the answer to subscribers. Undefined where keys don't travel.
   */
  makePad?(queryRunner: QueryRunner): Promise<Buffer>;

  /** Ends the pad's life with the statement, where it would live as long as the connection. */
  forgetPad?(queryRunner: QueryRunner): void;

  /** A copied value as the column that it was copied from takes it. */
  restored(expression: string, column: ColumnMetadata): string;

  /** What stands behind the columns of an INSERT that gives generated keys too. */
  readonly keepsGeneratedKeys: string;

  /**
   * Makes the generator of a key go on behind the value that row `t`, named by a condition, was inserted with.
   * Undefined where the database does that itself.
   */
  advanceGenerator?(table: string, column: string, isRow: string): string;

  /** Whether any of the columns differs between two rows: exactly (case, blanks, scale), with null equal to null. */
  differ(columns: readonly ColumnMetadata[], left: RowExpression, right: RowExpression): string;

  /** Whether a text is a parameter's, byte by byte, where the column's collation may ignore case and blanks. */
  sameText(expression: string, parameter: string): string;

  /** Whether the driver reads JSON's null from a column as it reads NULL. */
  hidesJsonNull(column: ColumnMetadata): boolean;

  /** A parameter as a value of a type. */
  value(parameter: string, type: ValueType): string;

  /** A key column as text, or whatever else gives it back without loss when it is sent as a key. */
  readKey(expression: string, column: ColumnMetadata): string;

  /** What ends a SELECT whose rows of a table nobody else shall change meanwhile, and that waits for others or leaves
   * out what they have locked. */
  lock(alias?: string, skipLocked?: boolean): string;

  /** The same for rows that are about to be updated, but not in columns that others refer to. */
  lockToUpdate(alias?: string): string;

  /**
   * A condition that holds if the session is at READ COMMITTED, where that makes an UPDATE or DELETE pass by rows of
   * others that a locking SELECT waits for. Without a value it is not worth asking.
   */
  readonly isReadCommitted?: string;

  /** Whether a transaction failed for the sake of another, so that it may succeed when it is tried again. */
  isConflict(error: unknown): boolean;

  /** Why a write was refused, if it was for the sake of the row's values; undefined for any other error. */
  refusal(error: unknown): Refusal | undefined;

  /** How a query builder's write tells which rows it wrote. */
  returning(kind: WriteKind): Returning;

  /** Where a row is, for a RETURNING list: at SERIALIZABLE, where a look by key conflicts with others, it is found there. */
  readonly rowPlace?: string;

  /** The RETURNING clause to append to a write, where `returning()` says so. */
  returningClause(kind: WriteKind, keys: string): string;

  /**
   * Makes the result of a write that returned nothing but keys what it would have been without.
   *
   * @param firstNumber the generated key of the first row, if there is one
   * @param given the number of rows that an insert was given; undefined where a SELECT gave them
   */
  forgetReturned(
    queryRunner: QueryRunner,
    kind: WriteKind,
    result: QueryResult,
    firstNumber: unknown,
    given: number | undefined,
  ): Promise<void>;

  /** Whether rows that refer to deleted ones may be left behind, although their foreign keys say that they are deleted. */
  readonly leavesChildren?: boolean;

  /** Whether a TRUNCATE can empty the tables that refer to its own, too. */
  readonly truncatesCascading: boolean;

  /** Whether all query runners of a data source are on one connection. */
  readonly sharesConnection: boolean;

  /** The driver's connection that a query runner has; undefined until it has one. */
  connectionOf(queryRunner: QueryRunner): object | undefined;

  /** What a connection knows of its session; the same object each time. */
  sessionOf(connection: object): Session;

  /** The BEGIN of a write and its revision. */
  readonly beginUnit: string;

  /**
   * The ROLLBACK of a unit's own transaction, which goes to the driver: a hook of TypeORM's statements could send one of
   * its own before it, which fails in a failed transaction, and then the connection would be given back with that.
   *
   * @returns what the driver gave
   */
  rollBackUnit(queryRunner: QueryRunner): Promise<unknown>;

  /**
   * Begins a transaction anew that has read and not written, where its writes would fail on rows that are newer than
   * what it has read.
   */
  renewSnapshot?(queryRunner: QueryRunner): Promise<void>;

  /** Takes the transaction that a unit has begun out of what the driver gave for the application's statement. */
  hideUnit?(raw: unknown): void;

  /** Whether a BEGIN failed because a transaction is open. */
  isInTransactionError(error: unknown): boolean;

  /** A parameter as a value of a key column. */
  keyValue(parameter: string, column: ColumnMetadata): string;

  /** What a statement with many keys needs to know of the key columns. Asked once for each table. */
  describeKeys(queryRunner: QueryRunner, columns: readonly ColumnMetadata[]): Promise<KeyDescription>;

  /** What reads keys without taking them apart; undefined where they are read one by one. */
  keyPacker?(columns: readonly ColumnMetadata[]): KeyPacker | undefined;

  /** Rows of keys from the parameters `{{keys}}` or `{{keys0}}`, `{{keys1}}`, …, in their order. */
  keyTable(description: KeyDescription): KeyTable;

  /**
   * Rows `t` of a table from the parameter `{{places}}`, for FROM, and the number of each from 0: read from where they are
   * stored, without a look at an index. Undefined where rows have no place.
   */
  placedRows?(table: string): { readonly sql: string; readonly ordinal: string };

  /** Whether a subquery in FROM can look at what stands before it, so that a row and its version are one look. */
  readonly hasLateral: boolean;

  /** The join that makes the database begin with its left side. */
  readonly leadingJoin: string;

  /** The greatest of expressions that are not null. */
  greatest(...expressions: string[]): string;

  /** The `rev_id` of the n-th row of a statement: a fixed beginning, and a number that counts on in its last 40 bits. */
  numberedUuid(prefix: string, start: string, n: string): string;

  /** A uuid as the text that `@RevisionId()` columns hold. */
  uuidText(expression: string): string;

  /**
   * Whether a statement locks the gaps beside what it reads (InnoDB, REPEATABLE READ), unless it is a plain SELECT. Then
   * others that insert there wait for us, so that newest revisions are read by a plain SELECT before the INSERT.
   */
  readonly locksGaps: boolean;

  /** What ends a SELECT that shall read rows as they are now, where a plain one reads a snapshot. */
  readonly readsPresent: string;

  /** Makes an INSERT leave out the rows whose unique key is taken, where it would fail. */
  unlessTaken(insert: string, uniqueColumns: readonly string[]): string;

  /** Runs the steps that record a revision as one statement; undefined where each is a statement of its own. */
  readonly blocks?: RevisionBlocks;

  /** Finds out what the server is, where its name and version don't tell. Undefined once that is known. */
  recognise?(queryRunner: QueryRunner): Promise<void> | undefined;

  /** UPDATE of the rows of `target` (aliased `t`) that join with a source, from FROM's right side on. */
  updateJoined(update: {
    target: string;
    /** As that of the key table which is the source. */
    lookup?: string;
    source: string;
    on: string;
    set: Record<string, string>;
  }): string;

  /** Whether a revision `r` is the newest of its row among those of a moment's past. */
  newest(past: PastRevisions): string;

  /** NULL as a value of a column, for the columns of a subquery. */
  nullOf(column: ColumnMetadata): string;

  /** What stands before a common table expression's body, so that it is planned with the query that reads it. */
  readonly inlined: string;

  /** The optimizer hints of a SELECT over so many tables of the past, or nothing. */
  pastHints(tables: number): string;

  /** Empties tables in the runner's transaction, whatever foreign keys they have among each other. */
  deleteAll(queryRunner: QueryRunner, tables: readonly string[]): Promise<void>;

  /** Runs a statement; a named one is prepared on the connection where that pays. */
  execute(queryRunner: QueryRunner, statement: Statement, values: unknown[]): Promise<Executed>;

  /** Runs a select whose columns are the application's, which a migration may change meanwhile; prepared likewise. */
  read(queryRunner: QueryRunner, statement: Statement, values: unknown[]): Promise<Executed['rows']>;

  /** How the database ends a read that takes too long; undefined where it can't. */
  readonly timeLimit?: TimeLimit;
}

/** The revisions of a table up to a moment. */
export interface PastRevisions {
  readonly table: string;
  readonly keys: readonly string[];
  /** Whether a revision is one of them. */
  readonly isPast: (alias: string) => string;
}

export type WriteKind = 'insert' | 'update' | 'delete';

/**
 * In TypeORM's own RETURNING clause; the same, but better beside other columns than alone, because the clause
 * replaces what the database tells else; in a clause that is appended; or not at all.
 */
export type Returning = 'clause' | 'beside' | 'appended' | 'none';

/** Gives the expression for a column of a row, as in `(column) => t."party"`. */
export type RowExpression = (column: ColumnMetadata) => string;
