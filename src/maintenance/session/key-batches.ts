import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type MaintenanceSession } from './maintenance-session.js';
import { KeyOrder } from './key-order.js';

/** Up to about this many rows are counted rather than estimated. */
const COUNTED_ROWS = 200_000;

/** The keys of an audited table's rows, in the order of the keys, in batches of a size. */
export async function* keysOfRows(
  session: MaintenanceSession,
  plan: AuditPlan,
  size: number,
): AsyncGenerator<Key[]> {
  const sql = session.sqlOf(plan);
  const order = new KeyOrder(sql, 't');
  const select = `SELECT ${session.capture.keys.expressions(plan.metadata, 't')} FROM ${sql.table} t`;
  for (let after: Key | undefined; ;) {
    const rows = await session.connected((queryRunner) =>
      session.select(
        queryRunner,
        `${select}${after ? ` WHERE ${order.from()}` : ''} ORDER BY ${order.columns} ${session.dialect.sql.limit(size)}`,
        after && order.bind(after),
      ),
    );
    const keys = session.capture.keys.keysIn(plan.metadata, rows);
    if (keys.length > 0) yield keys;
    if (keys.length < size) return;
    after = keys.at(-1);
  }
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
  const order = new KeyOrder(sql, 't');
  const hasHistory = `EXISTS (SELECT 1 FROM ${sql.revisions} p WHERE ${sql.hasKey('p', sql.liveKey)})`;
  const select =
    `SELECT ${session.capture.keys.expressions(plan.metadata, 't')}, ` +
    `CASE WHEN ${hasHistory} THEN 0 ELSE 1 END AS is_missing FROM ${sql.table} t`;
  for (let after: Key | undefined; ;) {
    const rows = await session.connected((queryRunner) =>
      session.select(
        queryRunner,
        `${select}${after ? ` WHERE ${order.from()}` : ''} ORDER BY ${order.columns} ${session.dialect.sql.limit(size)}`,
        after && order.bind(after),
      ),
    );
    const keys = session.capture.keys.keysIn(plan.metadata, rows);
    if (keys.length > 0) yield { keys, missing: keys.filter((_, n) => Number(rows[n].is_missing) === 1) };
    if (keys.length < size) return;
    after = keys.at(-1);
  }
}

/** Keys that have revisions. `gaps` are the keys with versions missing between others. */
export interface HistoryKeys {
  readonly keys: Key[];
  readonly gaps: Key[];
}

/** The keys of a revision table, in their order, in batches of a size. */
export async function* keysOfHistories(
  session: MaintenanceSession,
  plan: AuditPlan,
  size: number,
): AsyncGenerator<HistoryKeys> {
  const sql = session.sqlOf(plan);
  const order = new KeyOrder(sql, 'r');
  const hasGap = 'CASE WHEN max(r.rev_version) - min(r.rev_version) + 1 <> count(*) THEN 1 ELSE 0 END';
  const select = `SELECT ${session.capture.keys.expressions(plan.metadata, 'r')}, ${hasGap} AS has_gap FROM ${sql.revisions} r`;
  for (let after: Key | undefined; ;) {
    const where = after ? ` WHERE ${order.from()}` : '';
    const rows = await session.connected((queryRunner) =>
      session.select(
        queryRunner,
        `${select}${where} GROUP BY ${order.columns} ORDER BY ${order.columns} ${session.dialect.sql.limit(size)}`,
        after && order.bind(after),
      ),
    );
    const keys = session.capture.keys.keysIn(plan.metadata, rows);
    if (keys.length > 0) yield { keys, gaps: keys.filter((_, n) => Number(rows[n].has_gap) === 1) };
    if (keys.length < size) return;
    after = keys.at(-1);
  }
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
