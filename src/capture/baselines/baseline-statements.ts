import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type KeyExpression } from '../../audited/plan-sql.js';
import { type KeyTable } from '../../dialect/keys/key.js';
import { compileStatement, type Statement } from '../../dialect/run/statement.js';
import { type Recording, type RevisionSql } from '../writer/revision-sql.js';
import { skipTaken } from '../writer/revision-statements.js';

const FIRST: Recording = { rows: 'live', newest: 'none', upsert: false, setsBlind: false };

/** The columns of `lookAtNewest()`: the newest version that the snapshot shows, 0 if none, and whether it is unsure. */
export const NEWEST_VERSION = 'audit_version';
export const HAS_CHANGED = 'audit_has_changed';

/**
 * INSERT … SELECT of the row with the key in the parameters `k0`, `k1`, …, if it has no history.
 *
 * It locks the row as the write is going to. Without that, another writer of the row could hold the row and wait for
 * our revision, while we hold the revision and wait for the row.
 */
export function recordFirstOfOne(sql: RevisionSql, isDeleted: boolean): Statement {
  const row = `SELECT * FROM ${sql.table} t WHERE ${sql.hasKey('t', sql.givenKey)}${lockOf(sql, isDeleted)}`;
  return recordFirst(sql, row, sql.dialect.types.value('{{id}}', 'uuid'), true);
}

/** The same for the rows of a key table, which it locks in the order of the keys. */
export function recordFirstOfMany(sql: RevisionSql, keys: KeyTable, isDeleted: boolean): Statement {
  const rows =
    `SELECT t.*, ${keys.ordinal} AS audit_place FROM ${sql.rowsOf(keys)} ` +
    `ORDER BY audit_place${lockOf(sql, isDeleted)}`;
  return recordFirst(sql, rows, sql.dialect.types.numberedUuid('{{prefix}}', '{{start}}', 't.audit_place'));
}

/** The same for the rows of a SELECT that locks them. */
export function recordFirstOfSelected(sql: RevisionSql, select: string): Statement {
  const id = sql.dialect.types.numberedUuid('{{prefix}}', '{{start}}', '(row_number() OVER () - 1)');
  return recordFirst(sql, select, id);
}

// Others may have recorded a row while we waited for its lock. The statement doesn't see that, the index does.
function recordFirst(sql: RevisionSql, rows: string, id: string, isPrepared = false): Statement {
  const insert = `${sql.insert(FIRST, id, sql.liveKey)} FROM (${rows}) t WHERE NOT ${sql.hasHistory}`;
  return compileStatement(sql.dialect, skipTaken(sql, insert), isPrepared);
}

/**
 * A locking SELECT of the keys of rows and of `NEWEST_VERSION`. Only the rows are locked: the subqueries are plain reads.
 *
 * Without a snapshot, the first plain read takes one. Here it comes when the rows are locked, so it shows the newest
 * revision of each. An old snapshot may not: `HAS_CHANGED` tells whether the row is another than in the snapshot.
 *
 * @param keys undefined for the row with the key in the parameters
 */
export function lookAtNewest(
  sql: RevisionSql,
  keys: KeyTable | undefined,
  names: string,
  snapshot: 'fresh' | 'old',
): Statement {
  const rows = keys ? sql.rowsOf(keys) : `${sql.table} t WHERE ${sql.hasKey('t', sql.givenKey)}`;
  const lock = sql.dialect.locks.forUpdate('t');
  const ofKeys = sql.plan.keys.map((column) => `t.${sql.column(column)}`).join(', ');
  const from =
    keys && snapshot === 'fresh'
      ? `(SELECT ${ofKeys} FROM ${rows} ${sql.dialect.sql.apart}${lock}) t`
      : `${rows}${lock}`;
  const hasChanged = snapshot === 'old' ? `, ${hasChangedSince(sql)} AS ${HAS_CHANGED}` : '';
  return compileStatement(
    sql.dialect,
    `SELECT ${sql.holding('1')} AS audit_held, ${names}, ` +
      `coalesce(${sql.newestVersion(sql.liveKey)}, 0) AS ${NEWEST_VERSION}${hasChanged} FROM ${from}`,
    keys === undefined,
  );
}

// The row `t` is read as it is, and `s` as the snapshot has it.
function hasChangedSince(sql: RevisionSql): string {
  const of =
    (alias: string) =>
    (column: Pick<ColumnMetadata, 'databaseName'>): string =>
      `${alias}.${sql.column(column)}`;
  const sources = sql.plan.columns.map(({ source }) => source);
  const key: KeyExpression = (n) => of('t')(sql.plan.keys[n]);
  return (
    `NOT EXISTS (SELECT 1 FROM ${sql.table} s WHERE ${sql.hasKey('s', key)} ` +
    `AND NOT (${sql.dialect.types.differ(sources, of('t'), of('s'))}))`
  );
}

function lockOf({ dialect: { locks } }: RevisionSql, isDeleted: boolean): string {
  return isDeleted ? locks.forUpdate('t') : locks.forNoKeyUpdate('t');
}
