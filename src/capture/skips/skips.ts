import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { SkippedWriteError } from '../../audit.errors.js';
import { type AuditOptions } from '../../audit.options.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type Who, type WriteContext } from '../../context/write-context.js';
import { type Dialect } from '../../dialect/dialect.js';
import { isPending } from '../tables/pending-tables.js';
import { type Unit } from '../unit/unit.js';
import { type Units } from '../unit/units.js';
import { type Write, type WriteOperation } from '../write/write.js';
import { type EventToInsert, insertEvents } from '../writer/insert-events.js';
import { type SkippedWrites } from '../writer/record-writes.js';

/** The switch that leaves a write out of the history: `context.without()`, `when`, or `{ listeners: false }`. */
export type SkipCause = 'without' | 'when' | 'listeners';

/** A write that leaves no revision. */
export interface SkippedWrite {
  readonly plan: AuditPlan;
  readonly operation: WriteOperation;
  /** The number of rows; null if the database didn't tell. */
  readonly rows: number | null;
}

/** Inserts the trace of writes, in the transaction of the writes. */
export type Trace = (unit: Unit, writes: readonly SkippedWrite[]) => Promise<void>;

interface Asked {
  readonly tables: { readonly areSound: boolean };
  who(): Who | Promise<Who>;
  contextOf(who: Who): WriteContext;
}

/** The action of the event of writes that leave no revision. */
export const SKIPPED = 'audit.skipped';

/** What happens when an audited write is left out of the history: the option `skips`. */
export class Skips implements SkippedWrites {
  /** `audit_event`, once it was found in the database. */
  private found: EntityMetadata | undefined;
  private hasWarned = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
    private readonly options: Pick<AuditOptions, 'skips'>,
    private readonly units: Units,
    private readonly asked: Asked,
  ) {}

  /** Whether writes may be left out without a trace. */
  get areUntraced(): boolean {
    return this.options.skips === 'allow';
  }

  /** @throws SkippedWriteError with `skips: 'refuse'` */
  assertAllowed(writes: readonly Pick<SkippedWrite, 'plan'>[], by: SkipCause): void {
    if (this.options.skips === 'refuse' && writes.length > 0) throw new SkippedWriteError(writes[0].plan, by);
  }

  /**
   * Runs a write that is left out of the history. Where it is known already who writes, the write runs at once.
   *
   * @param write gets what traces it; undefined in a database without `audit_event`
   */
  whenTraced<T>(
    queryRunner: QueryRunner,
    by: SkipCause,
    write: (trace: Trace | undefined) => Promise<T>,
  ): Promise<T> {
    const asked = (): Trace | undefined | Promise<Trace | undefined> => {
      const isThere = this.isThere(queryRunner);
      const who = this.asked.who();
      const traceOf =
        (known: Who): Trace =>
        (unit, writes) =>
          this.insert(unit, writes, by, this.asked.contextOf(known));
      if (isThere === true && !(who instanceof Promise)) return traceOf(who);
      return Promise.all([isThere, who]).then(([isFound, known]) => (isFound ? traceOf(known) : undefined));
    };
    return this.units.whenAsked(queryRunner, asked, write);
  }

  /** Traces writes that `when` has declined. @throws SkippedWriteError with `skips: 'refuse'` */
  async recordDeclined(unit: Unit, declined: readonly Write[], context: WriteContext): Promise<void> {
    if (this.areUntraced) return;
    this.assertAllowed(declined, 'when');
    if (!(await this.isThere(unit.queryRunner))) return;
    const writes = declined.map(({ plan, operation, keys }) => {
      return { plan, operation, rows: keys === 'all' ? null : keys.length };
    });
    await this.insert(unit, writes, 'when', context);
  }

  private async insert(
    unit: Unit,
    writes: readonly SkippedWrite[],
    by: SkipCause,
    context: WriteContext,
  ): Promise<void> {
    try {
      const events = togetherOf(writes).flatMap((write) => eventOf(unit, write, by));
      if (events.length === 0) return;
      const { dataSource, dialect } = this;
      await insertEvents({ dataSource, dialect }, this.table, unit, events, context);
    } catch (error) {
      unit.fail(error);
      throw error;
    }
  }

  // A database from before this library had events may lack the table.
  private isThere(queryRunner: QueryRunner): true | Promise<boolean> {
    const pending = isPending(queryRunner, this.table);
    if (pending) return pending.then((isMissing) => !isMissing);
    if (this.asked.tables.areSound || this.found === this.table) return true;
    return this.look(queryRunner, this.table);
  }

  private get table(): EntityMetadata {
    return auditPlansOf(this.dataSource).own!.event;
  }

  private async look(queryRunner: QueryRunner, event: EntityMetadata): Promise<boolean> {
    const [columns] = await this.dialect.catalogue.read(queryRunner, [event.tablePath]);
    if (columns.length > 0) this.found = event;
    else if (!this.hasWarned) {
      this.hasWarned = true;
      this.dataSource.logger.log(
        'warn',
        `A write was left out of the history without a trace, because the table ${event.tablePath} is missing. ` +
          `Generate and run a migration (typeorm migration:generate, migration:run).`,
        queryRunner,
      );
    }
    return columns.length > 0;
  }
}

/** One write for each table and operation. */
function togetherOf(writes: readonly SkippedWrite[]): SkippedWrite[] {
  const together = new Map<string, SkippedWrite>();
  for (const write of writes) {
    const kind = `${write.plan.number} ${write.operation}`;
    const known = together.get(kind);
    const rows = known?.rows === null || write.rows === null ? null : (known?.rows ?? 0) + write.rows;
    together.set(kind, { ...write, rows });
  }
  return [...together.values()];
}

function eventOf(unit: Unit, { plan, operation, rows }: SkippedWrite, by: SkipCause): EventToInsert[] {
  if (rows === 0) return [];
  // As `when` is told: databases don't say whether a row of an upsert is new.
  const told = operation === 'upsert' ? 'insert' : operation;
  const counted = unit.countSkip(`${plan.number} ${told} ${by}`, rows);
  if (!counted) return [];
  const details = { operation: told, rows: counted.rows, by };
  return [
    {
      action: SKIPPED,
      entity: plan.metadata.tablePath,
      details: counted.statements > 1 ? { ...details, statements: counted.statements } : details,
    },
  ];
}
