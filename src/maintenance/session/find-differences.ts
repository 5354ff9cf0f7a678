import { type AuditPlan } from '../../audited/audit-plan.js';
import { type PlanSql } from '../../audited/plan-sql.js';
import { type Key, type KeyTable } from '../../dialect/keys/key.js';
import { isInteger } from '../../dialect/types/type-names.js';
import { type MaintenanceSession } from './maintenance-session.js';
import { type FindingKind } from '../maintenance.types.js';

/** The keys of the rows that differ from their histories, by kind of difference. */
export type Differences = Partial<Record<FindingKind, Key[]>>;

/**
 * Finds 'missing' and 'stale' rows: compares rows with their newest revisions, inside the database.
 *
 * @param areInOrder whether the keys are in the order of the keys
 */
export function differencesOfRows(
  session: MaintenanceSession,
  plan: AuditPlan,
  keys: readonly Key[],
  areInOrder = false,
): Promise<Differences> {
  return confirm(session, keys, (given) => find(session, plan, given, selectLive, areInOrder));
}

/**
 * Finds 'surplus' histories, and with `withOrder` the histories that are out of 'order'.
 *
 * @param keys in the order of the keys
 */
export async function differencesOfHistories(
  session: MaintenanceSession,
  plan: AuditPlan,
  keys: readonly Key[],
  withOrder: boolean,
): Promise<Differences> {
  const surplus = await confirm(session, keys, (given) => find(session, plan, given, selectSurplus, true));
  return withOrder ? { ...surplus, ...(await find(session, plan, keys, selectUnordered, true)) } : surplus;
}

// On a shared connection we may read another's write before its revision, so we look twice.
async function confirm(
  session: MaintenanceSession,
  keys: readonly Key[],
  look: (keys: readonly Key[]) => Promise<Differences>,
): Promise<Differences> {
  const found = await look(keys);
  const isSuspect = new Set(Object.values(found).flat());
  const suspects = keys.filter((key) => isSuspect.has(key));
  return session.dialect.sessions.sharesConnection && suspects.length > 0 ? look(suspects) : found;
}

async function find(
  session: MaintenanceSession,
  plan: AuditPlan,
  keys: readonly Key[],
  select: (sql: PlanSql, table: KeyTable, within: Within) => string,
  areInOrder: boolean,
): Promise<Differences> {
  const isBounded = areInOrder && session.dialect.keys.needsBounds && isOrderedAlike(session, plan);
  const found: Differences = {};
  // A mask key is blinded for one transaction.
  const connected =
    session.dialect.masks.makePad && plan.columns.some(({ mask }) => mask) ? 'transaction' : 'connected';
  await session[connected](async (queryRunner) => {
    const table = await session.capture.keys.table(queryRunner, plan.metadata);
    const sql = session.sqlOf(plan);
    const template = select(sql, table, isBounded ? (alias) => isWithin(sql, alias) : () => '');
    const rows = await session.select<{ n: number | string; kind: FindingKind }>(queryRunner, template, {
      ...table.bind(keys),
      ...(isBounded && { first: keys[0][0], last: keys.at(-1)![0] }),
    });
    for (const { n, kind } of rows) (found[kind] ??= []).push(keys[Number(n)]);
  });
  return found;
}

/** Condition, behind others: the key of a row is between the first and the last one; empty if these aren't known. */
type Within = (alias: 't' | 'p' | 'r') => string;

// Both tables order these types in the same way. A text's collation may differ, and an enum is a text in a revision.
function isOrderedAlike({ dataSource }: MaintenanceSession, { keys: [{ source }] }: AuditPlan): boolean {
  const type = dataSource.driver.normalizeType(source);
  return isInteger(type) || type === 'uuid';
}

function isWithin(sql: PlanSql, alias: 't' | 'p' | 'r'): string {
  const [{ source }] = sql.plan.keys;
  const name = `${alias}.${sql.column(sql.plan.keys[0])}`;
  const bound = (parameter: string): string => {
    const value = sql.dialect.keys.value(`{{${parameter}}}`, source);
    return alias === 't' ? value : sql.dialect.types.toCopy(value, source);
  };
  return ` AND ${name} >= ${bound('first')} AND ${name} <= ${bound('last')}`;
}

function selectLive(sql: PlanSql, keys: KeyTable, within: Within): string {
  return (
    `SELECT ${keys.ordinal} AS n, CASE WHEN p.rev_id IS NULL THEN 'missing' ELSE 'stale' END AS kind ` +
    `FROM ${sql.rowsOf(keys)} LEFT JOIN ${sql.revisions} p ON ${sql.isNewest('p', sql.liveKey)}${within('p')} ` +
    `WHERE ${sql.isNews('live')}${within('t')} ORDER BY n`
  );
}

function selectSurplus(sql: PlanSql, keys: KeyTable, within: Within): string {
  const isNewest = sql.isNewest(
    'p',
    sql.keyOfCopy((n) => keys.key(n)),
  );
  return (
    `SELECT ${keys.ordinal} AS n, 'surplus' AS kind ` +
    `FROM ${keys.sql} ${sql.dialect.sql.leadingJoin} ${sql.revisions} p ON ${isNewest}${within('p')} ` +
    `LEFT JOIN ${sql.table} t ON ${sql.hasKey('t', (n) => keys.key(n))}${within('t')} ` +
    `WHERE NOT p.rev_isdelete AND t.${sql.column(sql.plan.keys[0])} IS NULL ORDER BY n`
  );
}

function selectUnordered(sql: PlanSql, keys: KeyTable, within: Within): string {
  const isOf = sql.hasKey(
    'r',
    sql.keyOfCopy((n) => keys.key(n)),
  );
  const isBefore = sql.hasKey('p', (n) => `r.${sql.column(sql.plan.keys[n])}`);
  return (
    `SELECT DISTINCT ${keys.ordinal} AS n, 'order' AS kind ` +
    `FROM ${keys.sql} ${sql.dialect.sql.leadingJoin} ${sql.revisions} r ON ${isOf}${within('r')} ` +
    `JOIN ${sql.revisions} p ON ${isBefore} AND p.rev_version = r.rev_version - 1${within('p')} ` +
    `WHERE p.rev_created >= r.rev_created ORDER BY n`
  );
}
