import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type MaintenanceSession } from './maintenance-session.js';
import { KeyOrder } from './key-order.js';

/** Up to about this many rows are counted rather than estimated. */
const COUNTED_ROWS = 200_000;

/** Rows that are read in batches: those of an audited table `t`, or the rows of one key of a revision table `r`. */
interface Batches {
  readonly alias: 't' | 'r';
  /** An expression of 0 or 1 for each key. */
  readonly flag: string;
  readonly isGrouped?: boolean;
}

/** Keys, and those among them whose flag is 1. */
interface Batch {
  readonly keys: Key[];
  readonly flagged: Key[];
}

async function* batches(
  session: MaintenanceSession,
  plan: AuditPlan,
  size: number,
  { alias, flag, isGrouped = false }: Batches,
  start?: Key,
): AsyncGenerator<Batch> {
  const sql = session.sqlOf(plan);
  const reader = session.capture.keys;
  const order = new KeyOrder(sql, alias);
  const from = `${alias === 't' ? sql.table : sql.revisions} ${alias}`;
  const select = `SELECT ${reader.expressions(plan.metadata, alias)}, ${flag} AS flag FROM ${from}`;
  const end =
    `${isGrouped ? ` GROUP BY ${order.columns}` : ''} ORDER BY ${order.columns} ` +
    session.dialect.sql.limit(size);
  for (let after = start; ;) {
    const where = after ? ` WHERE ${order.from()}` : '';
    const rows = await session.connected((queryRunner) =>
      session.select(queryRunner, `${select}${where}${end}`, after && order.bind(after)),
    );
    const keys = reader.keysIn(plan.metadata, rows);
    if (keys.length > 0) yield { keys, flagged: keys.filter((_, n) => Number(rows[n].flag) === 1) };
    if (keys.length < size) return;
    after = keys.at(-1);
  }
}

/** The keys of an audited table's rows, in the order of the keys, in batches of a size, from behind a key on. */
export async function* keysOfRows(
  session: MaintenanceSession,
  plan: AuditPlan,
  size: number,
  after?: Key,
): AsyncGenerator<Key[]> {
  for await (const { keys } of batches(session, plan, size, { alias: 't', flag: '0' }, after)) yield keys;
}

/** Rows of an audited table, and those among them that have no history. */
export interface RowBatch {
  readonly keys: Key[];
  readonly missing: Key[];
}

/** The keys of an audited table's rows like `keysOfRows()`, with one look for each whether it has a history. */
export async function* rowsAndHistories(
  session: MaintenanceSession,
  plan: AuditPlan,
  size: number,
): AsyncGenerator<RowBatch> {
  const sql = session.sqlOf(plan);
  // PostgreSQL would read the whole revision table for an EXISTS, in each batch. A look for the newest version uses its
  // index.
  const flag = `CASE WHEN ${sql.newestVersion(sql.liveKey)} IS NULL THEN 1 ELSE 0 END`;
  for await (const { keys, flagged } of batches(session, plan, size, { alias: 't', flag }))
    yield { keys, missing: flagged };
}

/** Keys that have revisions. `gaps` are the keys with versions missing between others. */
export interface HistoryKeys {
  readonly keys: Key[];
  readonly gaps: Key[];
}

/** The keys of a revision table, in their order, in batches of a size, from behind a key on. */
export async function* keysOfHistories(
  session: MaintenanceSession,
  plan: AuditPlan,
  size: number,
  after?: Key,
): AsyncGenerator<HistoryKeys> {
  const flag = 'CASE WHEN max(r.rev_version) - min(r.rev_version) + 1 <> count(*) THEN 1 ELSE 0 END';
  const grouped = { alias: 'r', flag, isGrouped: true } as const;
  for await (const { keys, flagged } of batches(session, plan, size, grouped, after))
    yield { keys, gaps: flagged };
}

export async function countRows(session: MaintenanceSession, plan: AuditPlan): Promise<number> {
  const [{ number }] = await session.connected((queryRunner) =>
    session.select<{ number: number | string }>(
      queryRunner,
      `SELECT count(*) AS number FROM ${session.sqlOf(plan).table}`,
    ),
  );
  return Number(number);
}

/** About how many rows a table has, from the database's statistics. A table that seems small is counted. */
export async function estimateRows(session: MaintenanceSession, plan: AuditPlan): Promise<number> {
  const estimate = await session.connected((queryRunner) =>
    session.dialect.load.estimateRows(queryRunner, plan.metadata.tablePath),
  );
  return estimate === undefined || estimate < COUNTED_ROWS ? countRows(session, plan) : estimate;
}
