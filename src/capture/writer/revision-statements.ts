import { type KeyExpression } from '../../audited/plan-sql.js';
import { type KeyTable } from '../../dialect/keys/key.js';
import { compileStatement, type Statement } from '../../dialect/run/statement.js';
import { type Recording, type RevisionSql } from './revision-sql.js';

/** INSERT … SELECT for one row: its key is in the parameters `k0`, `k1`, …, its revision gets the parameter `id`. */
export function recordOne(sql: RevisionSql, recording: Recording, isSkipped = false): string {
  const key = sql.givenKey;
  const isLive = recording.rows === 'live';
  const rows = isLive ? `${sql.table} t` : '(SELECT 1 AS present) k';
  const conditions = isLive ? [sql.hasKey('t', key)] : sql.isGone(key);
  const insert =
    `${sql.insert(recording, sql.dialect.types.value('{{id}}', 'uuid'), key)} FROM ${rows}` +
    fromNewest(sql, recording, key, conditions);
  return isSkipped ? skipTaken(sql, insert) : insert;
}

/**
 * INSERT … SELECT for the rows of a key table. Their `rev_id`s count up from the parameters `prefix` and `start`.
 *
 * @param isSkipped whether to skip rows whose version is taken; otherwise the INSERT fails on them
 */
export function recordMany(
  sql: RevisionSql,
  recording: Recording,
  keys: KeyTable,
  isSkipped = false,
): string {
  const key: KeyExpression = (n) => keys.key(n);
  const id = sql.dialect.types.numberedUuid('{{prefix}}', '{{start}}', keys.ordinal);
  const isLive = recording.rows === 'live';
  const rows = isLive ? sql.rowsOf(keys) : keys.sql;
  const insert =
    `${sql.insert(recording, id, key)} FROM ${rows}` +
    fromNewest(sql, recording, key, isLive ? [] : sql.isGone(key));
  return isSkipped ? skipTaken(sql, insert) : insert;
}

/** INSERT … SELECT of first versions for new rows, read by their places. Skips versions that are taken. */
export function recordPlaced(sql: RevisionSql, recording: Recording): string {
  const { dialect } = sql;
  const rows = dialect.keys.placedRows!(sql.table);
  const id = dialect.types.numberedUuid('{{prefix}}', '{{start}}', rows.ordinal);
  return skipTaken(sql, `${sql.insert(recording, id, sql.liveKey)} FROM ${rows.sql}`);
}

/** INSERT … SELECT for all rows of a table that have a history and differ from it. */
export function recordAll(sql: RevisionSql): string {
  const recording: Recording = { rows: 'live', newest: 'sought', upsert: false };
  const id = sql.dialect.types.numberedUuid('{{prefix}}', '{{start}}', '(row_number() OVER () - 1)');
  return (
    `${sql.insert(recording, id, sql.liveKey)} FROM ${sql.table} t ` +
    `JOIN ${sql.revisions} p ON ${sql.isNewest('p', sql.liveKey)} WHERE NOT p.rev_isdelete AND (${sql.differs('p')})`
  );
}

/** Sets the `@RevisionId()` column of the rows of a key table to their newest `rev_id`. */
export function updateRevisionIds(sql: RevisionSql, keys: KeyTable): Statement {
  const on = sql.hasKey('t', (n) => keys.key(n));
  return compileStatement(
    sql.dialect,
    sql.dialect.sql.updateFrom({
      target: sql.table,
      lookup: keys.lookup,
      source: keys.sql,
      on,
      set: newestId(sql),
    }),
  );
}

/** Sets the `@RevisionId()` column of all rows of a table whose column differs from their newest `rev_id`. */
export function updateAllRevisionIds(sql: RevisionSql): Statement {
  const id = `t.${sql.column(sql.plan.revisionId!)}`;
  const isStale = `(${id} IS NULL OR ${id} <> ${sql.dialect.types.uuidText('p.rev_id')})`;
  const on = `${sql.isNewest('p', sql.liveKey)} AND ${isStale}`;
  return compileStatement(
    sql.dialect,
    sql.dialect.sql.updateFrom({ target: sql.table, source: `${sql.revisions} p`, on, set: newestId(sql) }),
  );
}

/** Reads the `@RevisionId()` column of the rows of a key table: `n`, the key's number, and `id`. */
export function selectRevisionIds(sql: RevisionSql, keys: KeyTable): Statement {
  return compileStatement(
    sql.dialect,
    `SELECT ${keys.ordinal} AS n, t.${sql.column(sql.plan.revisionId!)} AS id FROM ${sql.rowsOf(keys)}`,
  );
}

/** Makes an INSERT of revisions skip versions that are taken. */
export function skipTaken(sql: RevisionSql, insert: string): string {
  return sql.dialect.sql.unlessTaken(insert, sql.uniqueColumns);
}

function fromNewest(
  sql: RevisionSql,
  recording: Recording,
  key: KeyExpression,
  conditions: readonly string[],
): string {
  if (recording.newest === 'none') return conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  const newestKey = recording.rows === 'live' ? sql.liveKey : sql.keyOfCopy(key);
  return ` ${sql.joinNewest(newestKey)} WHERE ${[...conditions, sql.isNews(recording.rows, recording.setsBlind)].join(' AND ')}`;
}

function newestId(sql: RevisionSql): Record<string, string> {
  const { plan, dialect } = sql;
  return {
    [sql.column(plan.revisionId!)]:
      `(SELECT ${dialect.types.uuidText('n.rev_id')} FROM ${sql.revisions} n WHERE ${sql.isNewest('n', sql.liveKey)})`,
    ...Object.fromEntries(sql.keptOnUpdate([]).map((column) => [column, `t.${column}`])),
  };
}
