import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';
import { type Differences, differencesOfRows, differencesOfHistories } from '../session/find-differences.js';
import {
  type Finding,
  type FindingKind,
  VERIFY_BATCH_SIZE,
  type VerifyOptions,
  type VerifyReport,
} from '../maintenance.types.js';
import { emptiedColumns } from './emptied-columns.js';
import { schemaProblems } from './schema-parity.js';
import { reportKey } from '../session/report-key.js';
import { countRows, keysOfRows, keysOfHistories } from '../session/key-batches.js';

const DEFAULT_LIMIT = 20;
const KINDS: readonly FindingKind[] = ['missing', 'stale', 'surplus', 'gap', 'order'];

/** Compares tables with their histories inside the database, a batch of keys at a time. */
export async function verify(
  session: MaintenanceSession,
  plans: readonly AuditPlan[],
  options: VerifyOptions,
): Promise<VerifyReport> {
  const report: VerifyReport = { ok: true, findings: [], tables: [] };
  const unknown: NonNullable<VerifyReport['unknown']> = [];
  const emptied: NonNullable<VerifyReport['emptied']> = [];
  for (const plan of plans) {
    await verifyTable(session, plan, options, report);
    unknown.push(...(await unknownColumns(session, plan)));
    emptied.push(...(await emptiedColumns(session, plan)));
  }
  return {
    ...report,
    ok: report.findings.length === 0,
    ...(unknown.length > 0 && { unknown }),
    ...(emptied.length > 0 && { emptied }),
  };
}

/** The columns of a table that some of its revisions don't know. */
async function unknownColumns(
  session: MaintenanceSession,
  plan: AuditPlan,
): Promise<NonNullable<VerifyReport['unknown']>> {
  if (plan.gaps.size === 0) return [];
  const { revisions } = session.sqlOf(plan);
  const counts = await session.connected((queryRunner) =>
    session.select(
      queryRunner,
      `SELECT coalesce(r.rev_shape, 0) AS shape, count(*) AS number FROM ${revisions} r GROUP BY coalesce(r.rev_shape, 0)`,
    ),
  );
  return [...plan.gaps].flatMap(([column, { assumed, blind }]) => {
    const lacking = counts.filter(({ shape }) => [...assumed, ...blind].includes(Number(shape)));
    const number = lacking.reduce((sum, count) => sum + Number(count.number), 0);
    return number > 0 ? [{ table: plan.metadata.tablePath, column, revisions: number }] : [];
  });
}

async function verifyTable(
  session: MaintenanceSession,
  plan: AuditPlan,
  options: VerifyOptions,
  { findings, tables }: VerifyReport,
): Promise<void> {
  const { batchSize = VERIFY_BATCH_SIZE, limit = DEFAULT_LIMIT, onProgress } = options;
  const table = plan.metadata.tablePath;
  const { problems, isReadable } = await schemaProblems(session, plan);
  if (problems.length > 0)
    findings.push({ table, kind: 'schema', count: problems.length, keys: problems.slice(0, limit) });
  if (!isReadable) return;

  const found = new Found(limit);
  const compared = { table, rows: 0, histories: 0 };
  const total = onProgress && (await countRows(session, plan));
  for await (const keys of keysOfRows(session, plan, batchSize)) {
    found.add(await differencesOfRows(session, plan, keys));
    compared.rows += keys.length;
    await onProgress?.({ table, done: compared.rows, total: total && Math.max(total, compared.rows) });
  }
  for await (const { keys, gaps } of keysOfHistories(session, plan, batchSize)) {
    found.add({ ...(await differencesOfHistories(session, plan, keys, true)), gap: gaps });
    compared.histories += keys.length;
    await onProgress?.({ table: plan.revision.tablePath, done: compared.histories });
  }
  tables.push(compared);
  for (const { kind, count, keys } of found.kinds())
    findings.push({ table, kind, count, keys: keys.map((key) => reportKey(session.dataSource, plan, key)) });
}

/** Counts all differences, and keeps the first keys of each kind. */
class Found {
  private readonly byKind = new Map<FindingKind, { count: number; keys: Key[] }>();

  constructor(private readonly limit: number) {}

  add(differences: Differences): void {
    for (const kind of KINDS) {
      const keys = differences[kind] ?? [];
      const known = this.byKind.get(kind) ?? { count: 0, keys: [] };
      known.count += keys.length;
      known.keys.push(...keys.slice(0, this.limit - known.keys.length));
      this.byKind.set(kind, known);
    }
  }

  kinds(): (Pick<Finding, 'kind' | 'count'> & { keys: Key[] })[] {
    return [...this.byKind].map(([kind, found]) => ({ kind, ...found })).filter(({ count }) => count > 0);
  }
}
