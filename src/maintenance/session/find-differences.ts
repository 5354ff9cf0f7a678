import { type AuditPlan } from '../../audited/audit-plan.js';
import { type PlanSql } from '../../audited/plan-sql.js';
import { type Key, type KeyTable } from '../../dialect/keys/key.js';
import { type MaintenanceSession } from './maintenance-session.js';
import { type FindingKind } from '../maintenance.types.js';

/** The keys of the rows that differ from their histories, by kind of difference. */
export type Differences = Partial<Record<FindingKind, Key[]>>;

/** Finds 'missing' and 'stale' rows: compares rows with their newest revisions, inside the database. */
export function differencesOfRows(
  session: MaintenanceSession,
  plan: AuditPlan,
  keys: readonly Key[],
): Promise<Differences> {
  return confirm(session, keys, (given) => find(session, plan, given, selectLive));
}

/** Finds 'surplus' histories, and with `withOrder` the histories that are out of 'order'. */
export async function differencesOfHistories(
  session: MaintenanceSession,
  plan: AuditPlan,
  keys: readonly Key[],
  withOrder: boolean,
): Promise<Differences> {
  const surplus = await confirm(session, keys, (given) => find(session, plan, given, selectSurplus));
  return withOrder ? { ...surplus, ...(await find(session, plan, keys, selectUnordered)) } : surplus;
}

// On a shared connection we may read another's write before its revision, so we look twice.
async function confirm(
  session: MaintenanceSession,
  keys: readonly Key[],
  look: (keys: readonly Key[]) => Promise<Differences>,
): Promise<Differences> {
  const found = await look(keys);
  const suspects = Object.values(found).flat();
  return session.dialect.sessions.sharesConnection && suspects.length > 0 ? look(suspects) : found;
}

async function find(
  session: MaintenanceSession,
  plan: AuditPlan,
  keys: readonly Key[],
  select: (sql: PlanSql, table: KeyTable) => string,
): Promise<Differences> {
  const found: Differences = {};
  // A mask key is blinded for one transaction.
  const connected =
    session.dialect.masks.makePad && plan.columns.some(({ mask }) => mask) ? 'transaction' : 'connected';
  await session[connected](async (queryRunner) => {
    const table = await session.capture.keys.table(queryRunner, plan.metadata);
    const template = select(session.sqlOf(plan), table);
    const rows = await session.select<{ n: number | string; kind: FindingKind }>(
      queryRunner,
      template,
      table.bind(keys),
    );
    for (const { n, kind } of rows) (found[kind] ??= []).push(keys[Number(n)]);
  });
  return found;
}

function selectLive(sql: PlanSql, keys: KeyTable): string {
  return (
    `SELECT ${keys.ordinal} AS n, CASE WHEN p.rev_id IS NULL THEN 'missing' ELSE 'stale' END AS kind ` +
    `FROM ${sql.rowsOf(keys)} LEFT JOIN ${sql.revisions} p ON ${sql.isNewest('p', sql.liveKey)} ` +
    `WHERE ${sql.isNews('live')} ORDER BY n`
  );
}

function selectSurplus(sql: PlanSql, keys: KeyTable): string {
  const isNewest = sql.isNewest(
    'p',
    sql.keyOfCopy((n) => keys.key(n)),
  );
  return (
    `SELECT ${keys.ordinal} AS n, 'surplus' AS kind ` +
    `FROM ${keys.sql} ${sql.dialect.sql.leadingJoin} ${sql.revisions} p ON ${isNewest} ` +
    `LEFT JOIN ${sql.table} t ON ${sql.hasKey('t', (n) => keys.key(n))} ` +
    `WHERE NOT p.rev_isdelete AND t.${sql.column(sql.plan.keys[0])} IS NULL ORDER BY n`
  );
}

function selectUnordered(sql: PlanSql, keys: KeyTable): string {
  const isOf = sql.hasKey(
    'r',
    sql.keyOfCopy((n) => keys.key(n)),
  );
  const isBefore = sql.hasKey('p', (n) => `r.${sql.column(sql.plan.keys[n])}`);
  return (
    `SELECT DISTINCT ${keys.ordinal} AS n, 'order' AS kind ` +
    `FROM ${keys.sql} ${sql.dialect.sql.leadingJoin} ${sql.revisions} r ON ${isOf} ` +
    `JOIN ${sql.revisions} p ON ${isBefore} AND p.rev_version = r.rev_version - 1 ` +
    `WHERE p.rev_created >= r.rev_created ORDER BY n`
  );
}
