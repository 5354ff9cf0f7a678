import { type RevisionBlocks } from './revision-blocks.js';

/** UPDATE of the rows of `target`, aliased `t`, that join with a source. */
export interface UpdateFrom {
  readonly target: string;
  /** The index hint of the key table that is the source. */
  readonly lookup?: string;
  readonly source: string;
  readonly on: string;
  readonly set: Readonly<Record<string, string>>;
}

/** A table's revisions up to a moment. */
export interface PastRevisions {
  readonly table: string;
  readonly keys: readonly string[];
  /** Condition: a revision was made up to the moment. */
  readonly isPast: (alias: string) => string;
}

/** Clauses whose SQL differs between databases. */
export interface Sql {
  /** The join that makes the database start with its left side. */
  readonly leadingJoin: string;

  /** LEFT JOIN LATERAL of a subquery; undefined if two probes do instead. */
  leftJoinLateral?(subquery: string, alias: string): string;

  /** LIMIT of a SELECT. `rows` is a number or a parameter. */
  limit(rows: number | string, offset?: number): string;

  /** Suffix that keeps a subquery apart. Merged into the query, it would be computed once for each column. */
  readonly apart: string;

  /**
   * Suffix of a subquery whose rows are sorted around it. Without it the optimizer may read the whole table by an index
   * in that order, for few rows that another index finds.
   */
  readonly unordered: string;

  /** The greatest of expressions, none of which is NULL. */
  greatest(...expressions: string[]): string;

  /** Makes an INSERT skip rows whose unique key is taken, instead of failing. */
  unlessTaken(insert: string, uniqueColumns: readonly string[]): string;

  /**
   * An INSERT of revisions and, if it writes a row, the INSERT of their changeset, in one statement that returns one
   * row: `written`. Undefined if they are two statements.
   *
   * @param changeset ends with a SELECT of values
   */
  readonly insertBoth?: (revisions: string, changeset: string) => string;

  /** Whether an index can leave rows out. */
  readonly hasPartialIndexes: boolean;

  /** The id of the transaction, by which the database tells whether it is still open; undefined if it has none. */
  readonly transactionId?: string;

  updateFrom(update: UpdateFrom): string;

  /** Condition: a revision `r` is the newest of its row up to a moment. */
  isNewest(past: PastRevisions): string;

  /** Prefix of a CTE's body that makes the database plan it with the query around it (`NOT MATERIALIZED`). */
  readonly notMaterialized: string;

  /** The optimizer hints of a SELECT over this many tables of the past; empty without hints. */
  pastHints(tables: number): string;

  /** Runs the steps that record a revision in one statement; undefined if each step is a statement. */
  readonly blocks?: RevisionBlocks;
}
