import { type KeyExpression } from '../../audited/plan-sql.js';
import { type KeyTable } from '../../dialect/keys/key.js';
import { type NewestRevision } from '../../dialect/keys/key.js';
import { compileStatement, type Statement } from '../../dialect/run/statement.js';
import { insertChangeset } from './changesets.js';
import { type Recording, type RevisionSql } from './revision-sql.js';
import { skipTaken } from './revision-statements.js';

/** How a revision is recorded, and whether the version after the newest visible one may be taken. */
export interface Versioning {
  readonly recording: Recording;
  readonly mayBeTaken: boolean;
  /** Whether the transaction needs its changeset. */
  readonly startsChangeset: boolean;
}

/**
 * A plain SELECT of a row's newest revision: id, version, created, isDeleted; whether the row differs (isNews); and
 * whether the table has revisions of greater keys (isFollowed).
 */
export function lookOne(sql: RevisionSql, recording: Recording): Statement {
  const [first] = sql.plan.keys.map((column) => sql.column(column));
  const key = sql.keyOfCopy(sql.givenKey)(0);
  const isFollowed = `EXISTS (SELECT 1 FROM ${sql.revisions} f WHERE f.${first} > ${key})`;
  return compileStatement(sql.dialect, lookAtNewest(sql, recording, `, ${isFollowed} AS isFollowed`), true);
}

/** Like `lookOne()`, of the revision with the parameter `version`, by a locking read: locks its index entry, no gap. */
export function lookAtVersion(sql: RevisionSql, recording: Recording): Statement {
  return compileStatement(
    sql.dialect,
    look(sql, recording, '', 'JOIN', sql.dialect.types.value('{{version}}', 'integer')) +
      sql.dialect.locks.readNow(),
    true,
  );
}

/** INSERT … SELECT of the revision after the one in the parameters `newest`, `version`, `created`, `isDeleted`. */
export function recordNext(sql: RevisionSql, { recording, mayBeTaken }: Versioning): Statement {
  const { dialect } = sql;
  const insert = insertNext(sql, recording, {
    id: dialect.types.value('{{newest}}', 'uuid'),
    version: dialect.types.value('{{version}}', 'integer'),
    created: dialect.types.value('{{created}}', 'time'),
    isDeleted: dialect.types.value('{{isDeleted}}', 'boolean'),
  });
  return compileStatement(dialect, mayBeTaken ? skipTaken(sql, insert) : insert, true);
}

/**
 * Like `recordNext()`, but the INSERT itself looks whether the version is taken, so the index never rejects it. The
 * look locks the gap after the key, where only new keys below the next one are inserted.
 */
export function recordNextIfFree(sql: RevisionSql, { recording }: Versioning): Statement {
  const { dialect } = sql;
  const version = dialect.types.value('{{version}}', 'integer');
  const insert = insertNext(sql, recording, {
    id: dialect.types.value('{{newest}}', 'uuid'),
    version,
    created: dialect.types.value('{{created}}', 'time'),
    isDeleted: dialect.types.value('{{isDeleted}}', 'boolean'),
  });
  const isNext = sql.isNewest('o', sql.keyOfCopy(sql.givenKey), `${version} + 1`);
  const isFree = `NOT EXISTS (SELECT 1 FROM ${sql.revisions} o WHERE ${isNext})`;
  return compileStatement(
    dialect,
    `${insert}${recording.rows === 'live' ? ' AND' : ' WHERE'} ${isFree}`,
    true,
  );
}

/** Deletes a revision that turned out to have no changes. */
export function removeOne(sql: RevisionSql): Statement {
  const id = sql.dialect.types.value('{{id}}', 'uuid');
  return compileStatement(sql.dialect, `DELETE FROM ${sql.revisions} WHERE rev_id = ${id}`, true);
}

/** `lookOne()` and `recordNext()` in one statement. It returns `written`. */
export function lookAndRecordOne(sql: RevisionSql, versioning: Versioning): Statement {
  const { dialect } = sql;
  const { recording, mayBeTaken } = versioning;
  const block = dialect.sql.blocks!.one({
    mayBeTaken,
    look: (into) => lookAtNewest(sql, recording, into),
    lookAt: (version, into) => look(sql, recording, into, 'JOIN', version) + dialect.locks.readNow(),
    insert: (newest) => insertNext(sql, recording, newest),
    found: dialect.types.value('{{found}}', 'integer'),
    mayHaveChanged: dialect.types.value('{{mayHaveChanged}}', 'boolean'),
    changeset: changesetOf(sql, versioning),
  });
  return compileStatement(dialect, block, true);
}

/**
 * A plain SELECT of the newest revisions of the rows of a key table, in two chunks: `audit_chunk` 1 has the changed
 * rows, 0 the others. `audit_keys` of chunk 1 is the parameter for `recordManyNext()`. `audit_numbers` are the numbers
 * of the rows of each chunk.
 */
export function lookMany(sql: RevisionSql, recording: Recording, keys: KeyTable): Statement {
  return compileStatement(
    sql.dialect,
    `SELECT news AS audit_chunk, count(*) AS audit_count, JSON_ARRAYAGG(n) AS audit_numbers, ` +
      `CAST(JSON_ARRAYAGG(JSON_ARRAY(${columnsOfLook(sql).join(', ')})) AS CHAR) AS audit_keys ` +
      // Revisions have to be in the order of the keys.
      `FROM (${lookAtMany(sql, recording, keys, 'ORDER BY news, n ')}) d GROUP BY news`,
  );
}

/** INSERT … SELECT for the rows of a key table that holds their keys and then their newest revisions. */
export function recordManyNext(
  sql: RevisionSql,
  { recording, mayBeTaken }: Versioning,
  keys: KeyTable,
): Statement {
  return compileStatement(sql.dialect, insertManyNext(sql, recording, mayBeTaken, keys));
}

/** `lookMany()` and `recordManyNext()` in one statement. It returns `written`, `sought` and `same`. */
export function lookAndRecordMany(sql: RevisionSql, versioning: Versioning, keys: KeyTable): Statement {
  const { recording, mayBeTaken } = versioning;
  const block = sql.dialect.sql.blocks!.many({
    look: lookAtMany(sql, recording, keys),
    columns: columnsOfLook(sql),
    insert: (given) =>
      insertManyNext(sql, recording, mayBeTaken, { ...keys, sql: keys.sql.replace('{{keys}}', given) }),
    changeset: changesetOf(sql, versioning),
  });
  return compileStatement(sql.dialect, block);
}

function changesetOf(sql: RevisionSql, { startsChangeset }: Versioning): string | undefined {
  return startsChangeset ? sql.dialect.sql.unlessTaken(insertChangeset(sql), ['id', 'entity']) : undefined;
}

function lookAtNewest(sql: RevisionSql, recording: Recording, into: string): string {
  return look(sql, recording, into, 'LEFT JOIN', undefined);
}

function look(
  sql: RevisionSql,
  { rows, setsBlind }: Recording,
  into: string,
  join: string,
  version: string | undefined,
): string {
  const key = sql.givenKey;
  const isLive = rows === 'live';
  const from = isLive ? `${sql.table} t` : '(SELECT 1 AS present) k';
  const newest = sql.isNewest('p', isLive ? sql.liveKey : sql.keyOfCopy(key), version);
  return (
    `SELECT ${sql.holding('p.rev_id')} AS newest, p.rev_version AS version, p.rev_created AS created, p.rev_isdelete AS isDeleted, ` +
    `${sql.isNews(rows, setsBlind)} AS isNews${into} FROM ${from} ${join} ${sql.revisions} p ON ${newest}` +
    (isLive ? ` WHERE ${sql.hasKey('t', key)}` : '')
  );
}

function insertNext(sql: RevisionSql, recording: Recording, newest: NewestRevision): string {
  const key = sql.givenKey;
  const insert = sql.insert(recording, sql.dialect.types.value('{{id}}', 'uuid'), key, newest);
  if (recording.rows === 'live') return `${insert} FROM ${sql.table} t WHERE ${sql.hasKey('t', key)}`;
  return `${insert} FROM (SELECT 1 AS present) k${joinCopied(sql, recording, newest)}`;
}

// A lookup by id reads one index entry. A lookup by (key, version) would lock the gap before it on MariaDB.
function joinCopied(sql: RevisionSql, recording: Recording, { id }: NewestRevision): string {
  return sql.copiesNewest(recording) ? ` LEFT JOIN ${sql.revisions} p ON p.rev_id = ${id}` : '';
}

function lookAtMany(sql: RevisionSql, { rows, setsBlind }: Recording, keys: KeyTable, order = ''): string {
  const isLive = rows === 'live';
  const key: KeyExpression = (n) => keys.key(n);
  const newest = sql.isNewest('p', isLive ? sql.liveKey : sql.keyOfCopy(key));
  const given = sql.plan.keys.map((_, n) => `CAST(k.k${n} AS CHAR) AS k${n}`);
  return (
    `SELECT ${sql.holding('p.rev_id')} AS newest, ${keys.ordinal} AS n, ${given.join(', ')}, p.rev_version AS version, ` +
    // DECIMAL keeps the microseconds exact in JSON too.
    `CAST(p.rev_created AS DECIMAL(20, 6)) AS created, p.rev_isdelete AS isdelete, ${sql.isNews(rows, setsBlind)} AS news ` +
    `FROM ${isLive ? sql.rowsOf(keys) : keys.sql} LEFT JOIN ${sql.revisions} p ON ${newest} ${order}${sql.dialect.sql.apart}`
  );
}

// In the order of a key table's columns.
function columnsOfLook({ plan }: RevisionSql): string[] {
  return [...plan.keys.map((_, n) => `k${n}`), 'newest', 'version', 'created', 'isdelete'];
}

function insertManyNext(sql: RevisionSql, recording: Recording, mayBeTaken: boolean, keys: KeyTable): string {
  const key: KeyExpression = (n) => keys.key(n);
  const id = sql.dialect.types.numberedUuid('{{prefix}}', '{{start}}', keys.ordinal);
  const newest = keys.newest!;
  const from =
    recording.rows === 'live' ? sql.rowsOf(keys) : `${keys.sql}${joinCopied(sql, recording, newest)}`;
  const insert = `${sql.insert(recording, id, key, newest)} FROM ${from}`;
  return mayBeTaken ? skipTaken(sql, insert) : insert;
}
