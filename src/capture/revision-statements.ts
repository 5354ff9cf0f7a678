import { type DataSource, type EntityMetadata } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../audited/audit-plan.js';
import { type Dialect, type KeyTable } from '../dialect/dialect.js';
import { compileStatement, type Statement } from '../dialect/statement.js';
import { REVISION_COLUMNS, type RevisionColumns } from '../revision/revision-columns.js';

/**
 * What a statement records: `live` the rows as they are now, if they differ from their newest revision; `fresh` the
 * same for rows that were just inserted and are taken to have no revision yet; `gone` that rows are no longer there.
 */
export type Recording = 'live' | 'fresh' | 'gone';

/** Tables and columns of a plan, quoted, under the aliases t (the row), p (its newest revision) and k (the keys). */
interface Sql {
  readonly plan: AuditPlan;
  readonly dialect: Dialect;
  readonly table: string;
  readonly revisions: string;
  column(column: Pick<PlanColumn, 'databaseName'>): string;
}

/** INSERT … SELECT for one row, whose key is in the parameters `k0`, `k1`, …: the case worth preparing. */
export function recordOne(dataSource: DataSource, dialect: Dialect, plan: AuditPlan, recording: Recording, upsert: boolean): Statement {
  const sql = sqlOf(dataSource, dialect, plan);
  const key = (n: number): string => dialect.keyValue(`{{k${n}}}`, plan.keys[n].source);
  const id = dialect.value('{{id}}', 'uuid');
  if (recording === 'gone')
    return compileStatement(
      dialect,
      `${insertGone(sql, id, key)} FROM (SELECT 1 AS present) k LEFT JOIN ${newest(sql, key)} WHERE ${isNews(sql, recording)}`,
      true,
    );
  const isKey = plan.keys.map((column, n) => `t.${sql.column(column)} = ${key(n)}`).join(' AND ');
  return compileStatement(
    dialect,
    recording === 'fresh'
      ? `${insertLive(sql, id, recording, upsert)} FROM ${sql.table} t WHERE ${isKey}`
      : `${insertLive(sql, id, recording, upsert)} FROM ${sql.table} t LEFT JOIN ${newest(sql, liveKey(sql))} ` +
          `WHERE ${isKey} AND (${isNews(sql, recording)})`,
    true,
  );
}

/** The same for the rows of a key table, whose `rev_id`s count on from the parameters `prefix` and `start`. */
export function recordMany(
  dataSource: DataSource,
  dialect: Dialect,
  plan: AuditPlan,
  recording: Recording,
  upsert: boolean,
  keys: KeyTable,
): Statement {
  const sql = sqlOf(dataSource, dialect, plan);
  const key = (n: number): string => keys.key(n);
  const id = dialect.numberedUuid('{{prefix}}', '{{start}}', keys.ordinal);
  if (recording === 'gone')
    return compileStatement(
      dialect,
      `${insertGone(sql, id, key)} FROM ${keys.sql} LEFT JOIN ${newest(sql, key)} WHERE ${isNews(sql, recording)}`,
    );
  const rows = `FROM ${keys.sql} ${dialect.leadingJoin} ${sql.table} t ON ${joinKeys(sql, keys)}`;
  return compileStatement(
    dialect,
    recording === 'fresh'
      ? `${insertLive(sql, id, recording, upsert)} ${rows}`
      : `${insertLive(sql, id, recording, upsert)} ${rows} LEFT JOIN ${newest(sql, liveKey(sql))} WHERE ${isNews(sql, recording)}`,
  );
}

/** The same for all rows of a table that differ from a newest revision. */
export function recordAll(dataSource: DataSource, dialect: Dialect, plan: AuditPlan): Statement {
  const sql = sqlOf(dataSource, dialect, plan);
  const id = dialect.numberedUuid('{{prefix}}', '{{start}}', '(row_number() OVER () - 1)');
  return compileStatement(
    dialect,
    `${insertLive(sql, id, 'live', false)} FROM ${sql.table} t JOIN ${newest(sql, liveKey(sql))} ` +
      `WHERE NOT p.rev_isdelete AND (${differsFromNewest(sql)})`,
  );
}

/** Puts the newest `rev_id` of the rows of a key table into their `@RevisionId()` column. */
export function updateRevisionIds(
  dataSource: DataSource,
  dialect: Dialect,
  plan: AuditPlan,
  keys: KeyTable,
): Statement {
  const sql = sqlOf(dataSource, dialect, plan);
  const update = { target: sql.table, source: keys.sql, on: joinKeys(sql, keys), set: newestId(sql) };
  return compileStatement(dialect, dialect.updateJoined(update));
}

/** The same for all rows of a table whose column doesn't have it. */
export function updateAllRevisionIds(dataSource: DataSource, dialect: Dialect, plan: AuditPlan): Statement {
  const sql = sqlOf(dataSource, dialect, plan);
  const isStale = `t.${sql.column(plan.revisionId!)} <> ${dialect.uuidText('p.rev_id')}`;
  const on = `${isNewest(sql, liveKey(sql))} AND ${isStale}`;
  const update = { target: sql.table, source: `${sql.revisions} p`, on, set: newestId(sql) };
  return compileStatement(dialect, dialect.updateJoined(update));
}

function newestId(sql: Sql): Record<string, string> {
  const { plan, dialect } = sql;
  // Assigned to themselves, columns with ON UPDATE keep what the revision has just recorded.
  const kept = plan.metadata.columns.filter((column) => column.onUpdate).map((column) => sql.column(column));
  return {
    [sql.column(plan.revisionId!)]:
      `(SELECT ${dialect.uuidText('n.rev_id')} FROM ${sql.revisions} n WHERE ${isNewest(sql, liveKey(sql), 'n')})`,
    ...Object.fromEntries(kept.map((column) => [column, `t.${column}`])),
  };
}

/** Reads the `@RevisionId()` column of the rows of a key table: `n`, the key's number, and `id`. */
export function selectRevisionIds(
  dataSource: DataSource,
  dialect: Dialect,
  plan: AuditPlan,
  keys: KeyTable,
): Statement {
  const sql = sqlOf(dataSource, dialect, plan);
  return compileStatement(
    dialect,
    `SELECT ${keys.ordinal} AS n, t.${sql.column(plan.revisionId!)} AS id ` +
      `FROM ${keys.sql} ${dialect.leadingJoin} ${sql.table} t ON ${joinKeys(sql, keys)}`,
  );
}

function sqlOf(dataSource: DataSource, dialect: Dialect, plan: AuditPlan): Sql {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const path = ({ tablePath }: EntityMetadata): string => tablePath.split('.').map(escape).join('.');
  return {
    plan,
    dialect,
    table: path(plan.metadata),
    revisions: path(plan.revision),
    column: ({ databaseName }) => escape(databaseName),
  };
}

function insertLive(sql: Sql, id: string, recording: Recording, upsert: boolean): string {
  const { plan, dialect } = sql;
  const copies = plan.columns.map(({ source }) => dialect.copied(`t.${sql.column(source)}`, source));
  return insert(sql, ownValues(sql, id, recording, upsert), plan.columns, copies);
}

function insertGone(sql: Sql, id: string, key: (n: number) => string): string {
  const { plan } = sql;
  const keyValues = plan.keys.map((_, n) => key(n));
  if (plan.deletedState === 'null') return insert(sql, ownValues(sql, id, 'gone'), plan.keys, keyValues);
  const others = plan.columns.filter((column) => !plan.keys.includes(column));
  return insert(
    sql,
    ownValues(sql, id, 'gone'),
    [...plan.keys, ...others],
    [...keyValues, ...others.map((column) => `p.${sql.column(column)}`)],
  );
}

function insert(
  sql: Sql,
  own: Record<keyof RevisionColumns, string>,
  columns: readonly PlanColumn[],
  values: readonly string[],
): string {
  const names = Object.keys(own).map((property) => REVISION_COLUMNS[property as keyof RevisionColumns]);
  return (
    `INSERT INTO ${sql.revisions} (${[...names, ...columns.map((column) => sql.column(column))].join(', ')}) ` +
    `SELECT ${[...Object.values(own), ...values].join(', ')}`
  );
}

// Later than the last one by a microsecond at least, whatever the clock says.
function ownValues(
  { dialect }: Sql,
  id: string,
  recording: Recording,
  upsert = false,
): Record<keyof RevisionColumns, string> {
  const created = dialect.value('{{now}}', 'time');
  const follows = recording !== 'fresh';
  const upserted = follows
    ? "CASE WHEN p.rev_id IS NULL OR p.rev_isdelete THEN 'insert' ELSE 'update' END"
    : "'insert'";
  return {
    revId: id,
    revCreated: follows ? dialect.greatest(created, 'coalesce(p.rev_created + 0.000001, 0)') : created,
    revIsDelete: recording === 'gone' ? 'TRUE' : 'FALSE',
    revVersion: follows ? 'coalesce(p.rev_version, 0) + 1' : '1',
    revOperation: upsert ? upserted : dialect.value('{{operation}}', 'text'),
    revActor: dialect.value('{{actor}}', 'text'),
    revReason: dialect.value('{{reason}}', 'text'),
    revTransaction: dialect.value('{{transaction}}', 'uuid'),
    revContext: dialect.value('{{context}}', 'json'),
  };
}

function newest(sql: Sql, key: (n: number) => string): string {
  return `${sql.revisions} p ON ${isNewest(sql, key)}`;
}

// Two probes of the (key, version) index.
function isNewest(sql: Sql, key: (n: number) => string, newestAlias = 'p'): string {
  const isKey = (alias: string): string =>
    sql.plan.keys.map((column, n) => `${alias}.${sql.column(column)} = ${key(n)}`).join(' AND ');
  return `${isKey(newestAlias)} AND ${newestAlias}.rev_version = (SELECT max(m.rev_version) FROM ${sql.revisions} m WHERE ${isKey('m')})`;
}

function isNews(sql: Sql, recording: Recording): string {
  if (recording === 'gone') return 'p.rev_id IS NULL OR NOT p.rev_isdelete';
  return `p.rev_id IS NULL OR p.rev_isdelete OR ${differsFromNewest(sql)}`;
}

function differsFromNewest(sql: Sql): string {
  return sql.dialect.differ(
    sql.plan.columns.map(({ source }) => source),
    (column) => `t.${sql.column(column)}`,
    (column) => `p.${sql.column(column)}`,
  );
}

function liveKey(sql: Sql): (n: number) => string {
  return (n) => {
    const { source } = sql.plan.keys[n];
    return sql.dialect.copied(`t.${sql.column(source)}`, source);
  };
}

function joinKeys(sql: Sql, keys: KeyTable): string {
  return sql.plan.keys.map((column, n) => `t.${sql.column(column)} = ${keys.key(n)}`).join(' AND ');
}
