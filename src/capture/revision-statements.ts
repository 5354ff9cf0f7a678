import { type KeyPacker, type KeyTable } from '../dialect/dialect.js';
import { compileStatement, type Statement } from '../dialect/statement.js';
import { type KeyExpression, type Recording, type RevisionSql } from './revision-sql.js';

/**
 * INSERT … SELECT for one row, whose key is in the parameters `k0`, `k1`, … and whose revision gets the `id`; the
 * case that is worth preparing. A known newest version is in `version`.
 */
export function recordOne(sql: RevisionSql, recording: Recording): Statement {
  const { dialect } = sql;
  return compileStatement(dialect, insertOne(sql, recording, dialect.value('{{version}}', 'integer')), true);
}

/** The same, which reads the newest version first, without locks; where the database can do both in one statement. */
export function readAndRecordOne(sql: RevisionSql, recording: Recording): Statement {
  const { dialect } = sql;
  const version = sql.newestVersion(sql.copiedKey(givenKey(sql)));
  return compileStatement(
    dialect,
    dialect.readFirst!(
      version,
      (read) => insertOne(sql, recording, read),
      insertOne(sql, { ...recording, newest: 'none' }, ''),
    ),
    true,
  );
}

/** The same for the rows of a key table, whose `rev_id`s count on from the parameters `prefix` and `start`. */
export function recordMany(sql: RevisionSql, recording: Recording, keys: KeyTable): Statement {
  const { dialect } = sql;
  const key: KeyExpression = (n) => keys.key(n);
  const id = dialect.numberedUuid('{{prefix}}', '{{start}}', keys.ordinal);
  const isLive = recording.rows === 'live';
  const rows = isLive ? joinedRows(sql, keys) : keys.sql;
  const conditions = isLive ? [] : sql.isGone(key);
  return compileStatement(
    dialect,
    `${sql.insert(recording, id, key)} FROM ${rows}${fromNewest(sql, recording, key, keys.version, conditions)}`,
  );
}

/** The same for all rows of a table that have a history and differ from it. */
export function recordAll(sql: RevisionSql): Statement {
  const recording: Recording = { rows: 'live', newest: 'sought', upsert: false };
  const id = sql.dialect.numberedUuid('{{prefix}}', '{{start}}', '(row_number() OVER () - 1)');
  return compileStatement(
    sql.dialect,
    `${sql.insert(recording, id, sql.liveKey)} FROM ${sql.table} t ` +
      `JOIN ${sql.revisions} p ON ${sql.isNewest('p', sql.liveKey)} WHERE NOT p.rev_isdelete AND (${sql.differs()})`,
  );
}

/** Reads the newest versions of the keys of a key table: `n`, the key's number, and `version`, null if it has none. */
export function selectVersions(sql: RevisionSql, keys: KeyTable): Statement {
  const version = sql.newestVersion(sql.copiedKey((n) => keys.key(n)));
  return compileStatement(sql.dialect, `SELECT ${keys.ordinal} AS n, ${version} AS version FROM ${keys.sql}`);
}

/** The same for one key: `version`. */
export function selectVersion(sql: RevisionSql): Statement {
  const version = sql.newestVersion(sql.copiedKey(givenKey(sql)));
  return compileStatement(sql.dialect, `SELECT ${version} AS version`, true);
}

/** The same for many keys that stay as the database has them: in chunk 1 those that have no version, in 0 the others. */
export function packVersions(sql: RevisionSql, keys: KeyTable, packer: KeyPacker): Statement {
  const { dialect, plan } = sql;
  const version = sql.newestVersion(sql.copiedKey((n) => keys.key(n)));
  const names = [...plan.keys.map((_, n) => `k${n}`), 'version'];
  const values = [...plan.keys.map(({ source }, n) => dialect.readKey(keys.key(n), source)), version];
  // Merged into what reads it, it would look for each version twice: a limit keeps it apart.
  const source = `(SELECT ${values.map((value, n) => `${value} AS ${names[n]}`).join(', ')} FROM ${keys.sql} LIMIT ${2 ** 31})`;
  return compileStatement(dialect, packer.select(source, names, '(version IS NULL)'));
}

/** Puts the newest `rev_id` of the rows of a key table into their `@RevisionId()` column. */
export function updateRevisionIds(sql: RevisionSql, keys: KeyTable): Statement {
  const on = sql.isRow((n) => keys.key(n));
  return compileStatement(
    sql.dialect,
    sql.dialect.updateJoined({ target: sql.table, source: keys.sql, on, set: newestId(sql) }),
  );
}

/** The same for all rows of a table whose column doesn't have it. */
export function updateAllRevisionIds(sql: RevisionSql): Statement {
  const id = `t.${sql.column(sql.plan.revisionId!)}`;
  const isStale = `(${id} IS NULL OR ${id} <> ${sql.dialect.uuidText('p.rev_id')})`;
  const on = `${sql.isNewest('p', sql.liveKey)} AND ${isStale}`;
  return compileStatement(
    sql.dialect,
    sql.dialect.updateJoined({ target: sql.table, source: `${sql.revisions} p`, on, set: newestId(sql) }),
  );
}

/** Reads the `@RevisionId()` column of the rows of a key table: `n`, the key's number, and `id`. */
export function selectRevisionIds(sql: RevisionSql, keys: KeyTable): Statement {
  return compileStatement(
    sql.dialect,
    `SELECT ${keys.ordinal} AS n, t.${sql.column(sql.plan.revisionId!)} AS id FROM ${joinedRows(sql, keys)}`,
  );
}

/** The rows t of a key table, from FROM's right side on. */
export function joinedRows(sql: RevisionSql, keys: KeyTable): string {
  return `${keys.sql} ${sql.dialect.leadingJoin} ${sql.table} t ON ${sql.isRow((n) => keys.key(n))}`;
}

function givenKey({ dialect, plan }: RevisionSql): KeyExpression {
  return (n) => dialect.keyValue(`{{k${n}}}`, plan.keys[n].source);
}

function insertOne(sql: RevisionSql, recording: Recording, version: string): string {
  const key = givenKey(sql);
  const isLive = recording.rows === 'live';
  const rows = isLive ? `${sql.table} t` : '(SELECT 1 AS present) k';
  const conditions = isLive ? [sql.isRow(key)] : sql.isGone(key);
  return (
    `${sql.insert(recording, sql.dialect.value('{{id}}', 'uuid'), key)} FROM ${rows}` +
    fromNewest(sql, recording, key, version, conditions)
  );
}

function fromNewest(
  sql: RevisionSql,
  recording: Recording,
  key: KeyExpression,
  version: string,
  conditions: readonly string[],
): string {
  if (recording.newest === 'none') return conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  const newestKey = recording.rows === 'live' ? sql.liveKey : sql.copiedKey(key);
  // A snapshot from before may know an older version, and the row be as that one again: then the insert shall fail.
  const isOvertaken =
    recording.newest === 'known'
      ? ` OR EXISTS (SELECT 1 FROM ${sql.revisions} o WHERE ${sql.isNewest('o', newestKey, `p.rev_version + 1`)})`
      : '';
  const news = [...conditions, `(${sql.isNews(recording)}${isOvertaken})`].join(' AND ');
  const joined =
    recording.newest === 'known'
      ? `LEFT JOIN ${sql.revisions} p ON ${sql.isNewest('p', newestKey, version)}`
      : sql.joinNewest(newestKey);
  return ` ${joined} WHERE ${news}`;
}

function newestId(sql: RevisionSql): Record<string, string> {
  const { plan, dialect } = sql;
  // Assigned to themselves, columns with ON UPDATE keep what the revision has just recorded.
  const kept = plan.metadata.columns.filter((column) => column.onUpdate).map((column) => sql.column(column));
  return {
    [sql.column(plan.revisionId!)]:
      `(SELECT ${dialect.uuidText('n.rev_id')} FROM ${sql.revisions} n WHERE ${sql.isNewest('n', sql.liveKey)})`,
    ...Object.fromEntries(kept.map((column) => [column, `t.${column}`])),
  };
}
