import { type RevisionBlocks } from './revision-blocks.js';

/** UPDATE of the rows of `target`, aliased `t`, that join with a source. */
export interface JoinedUpdate {
  readonly target: string;
  /** The index hint of the key table that is the source. */
  readonly lookup?: string;
  readonly source: string;
  readonly on: string;
  readonly set: Readonly<Record<string, string>>;
}

/** The revisions of a table up to a moment. */
export interface PastRevisions {
  readonly table: string;
  readonly keys: readonly string[];
  /** The condition that a revision is one of them. */
  readonly isPast: (alias: string) => string;
}

/** Clauses that each database writes in its own way. */
export interface Sql {
  /** The join that makes the database start with its left side. */
  readonly leadingJoin: string;

  /** LEFT JOIN of a subquery that refers to tables before it (LATERAL); undefined where two probes do instead. */
  leftJoinLateral?(subquery: string, alias: string): string;

  /** Ends a SELECT after some rows, a number or a parameter. */
  limit(rows: number | string, offset?: number): string;

  /** Ends a subquery that is computed once, where it would be merged into the query and computed for each column. */
  readonly apart: string;

  /** The greatest of expressions that are not NULL. */
  greatest(...expressions: string[]): string;

  /** Makes an INSERT skip rows whose unique key is taken, instead of failing. */
  unlessTaken(insert: string, uniqueColumns: readonly string[]): string;

  updateJoined(update: JoinedUpdate): string;

  /** The condition that a revision `r` is the newest of its row in the past of a moment. */
  isNewest(past: PastRevisions): string;

  /** Precedes the body of a common table expression that is to be planned with the query around it. */
  readonly notMaterialized: string;

  /** The optimizer hints of a SELECT over this many tables of the past; empty if there are none. */
  pastHints(tables: number): string;

  /** Runs the steps that record a revision in one statement; undefined where each step is a statement. */
  readonly blocks?: RevisionBlocks;
}
