import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
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
import { decodePlace, encodePlace, type VerifyPlace } from '../session/verify-place.js';

const DEFAULT_LIMIT = 20;
const KINDS: readonly FindingKind[] = ['missing', 'stale', 'surplus', 'gap', 'order'];

/**
 * Compares tables with their histories inside the database, a batch of keys at a time.
 *
 * @param plansOf the tables, with what is known of them by now
 */
export async function verify(
  session: MaintenanceSession,
  plansOf: () => readonly AuditPlan[],
  options: VerifyOptions,
): Promise<VerifyReport> {
  assertTimeBudget(options.timeBudgetSeconds);
  const placeIn = (plans: readonly AuditPlan[]): VerifyPlace | undefined =>
    options.from === undefined ? undefined : decodePlace(plans, options.from);
  placeIn(plansOf());
  await session.knowShapes();
  const plans = plansOf();
  return new Verification(session, options).run(plans, placeIn(plans));
}

function assertTimeBudget(seconds: unknown): void {
  if (seconds === undefined || (typeof seconds === 'number' && seconds > 0)) return;
  throw new InvalidArgumentError(
    'timeBudgetSeconds',
    `must be a number of seconds above 0, got ${inspect(seconds)}.`,
  );
}

/** One run, which ends where its time is up. */
class Verification {
  private readonly findings: Finding[] = [];
  private readonly tables: VerifyReport['tables'] = [];
  private readonly unknown: NonNullable<VerifyReport['unknown']> = [];
  private readonly emptied: NonNullable<VerifyReport['emptied']> = [];
  private readonly until: number;

  constructor(
    private readonly session: MaintenanceSession,
    private readonly options: VerifyOptions,
  ) {
    this.until = performance.now() + (options.timeBudgetSeconds ?? Infinity) * 1000;
  }

  async run(plans: readonly AuditPlan[], from: VerifyPlace | undefined): Promise<VerifyReport> {
    const left = from ? plans.slice(plans.indexOf(from.plan)) : plans;
    for (const [n, plan] of left.entries()) {
      const place = from?.plan === plan ? from : ({ plan, part: 'rows' } as const);
      if (n > 0 && this.isTimeUp) return this.report(place);
      const next = await this.verifyTable(place);
      if (next) return this.report(next);
    }
    return this.report();
  }

  private report(next?: VerifyPlace): VerifyReport {
    const { findings, tables, unknown, emptied } = this;
    return {
      ok: findings.length === 0,
      isComplete: next === undefined,
      ...(next && { next: encodePlace(next) }),
      findings,
      tables,
      ...(unknown.length > 0 && { unknown }),
      ...(emptied.length > 0 && { emptied }),
    };
  }

  private get isTimeUp(): boolean {
    return performance.now() >= this.until;
  }

  /** @returns the place where the time was up; undefined if the table is done */
  private async verifyTable(place: VerifyPlace): Promise<VerifyPlace | undefined> {
    const { session, options, findings } = this;
    const { plan } = place;
    const { limit = DEFAULT_LIMIT } = options;
    const table = plan.metadata.tablePath;
    const { problems, isReadable } = await schemaProblems(session, plan);
    if (problems.length > 0 && place.part === 'rows' && !place.after)
      findings.push({ table, kind: 'schema', count: problems.length, keys: problems.slice(0, limit) });
    if (!isReadable) return undefined;

    const found = new Found(limit);
    const compared = { table, rows: 0, histories: 0 };
    const next = await this.compare(place, found, compared);
    this.tables.push(compared);
    for (const { kind, count, keys } of found.kinds())
      findings.push({
        table,
        kind,
        count,
        keys: keys.map((key) => reportKey(session.dataSource, plan, key)),
      });
    if (next) return next;
    this.unknown.push(...(await unknownColumns(session, plan)));
    this.emptied.push(...(await emptiedColumns(session, plan)));
    return undefined;
  }

  private async compare(
    { plan, part, after }: VerifyPlace,
    found: Found,
    compared: VerifyReport['tables'][number],
  ): Promise<VerifyPlace | undefined> {
    const { session } = this;
    const { batchSize = VERIFY_BATCH_SIZE, onProgress } = this.options;
    if (part === 'rows') {
      // The rows before that place aren't counted apart.
      const total = onProgress && !after ? await countRows(session, plan) : undefined;
      for await (const keys of keysOfRows(session, plan, batchSize, after)) {
        found.add(await differencesOfRows(session, plan, keys, true));
        compared.rows += keys.length;
        await onProgress?.({
          table: plan.metadata.tablePath,
          done: compared.rows,
          total: total && Math.max(total, compared.rows),
        });
        if (this.isTimeUp) return { plan, part, after: keys.at(-1) };
      }
    }
    const start = part === 'histories' ? after : undefined;
    for await (const { keys, gaps } of keysOfHistories(session, plan, batchSize, start)) {
      found.add({ ...(await differencesOfHistories(session, plan, keys, true)), gap: gaps });
      compared.histories += keys.length;
      await onProgress?.({ table: plan.revision.tablePath, done: compared.histories });
      if (this.isTimeUp) return { plan, part: 'histories', after: keys.at(-1) };
    }
    return undefined;
  }
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
