import { type DataSource, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { AuditError } from '../../audit.errors.js';
import { type AuditOptions } from '../../audit.options.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type AuditPlans, auditPlansOf } from '../../audited/audit-plans.js';
import { type AuditContext } from '../../context/audit-context.js';
import { type Who, whoWrites, type WriteContext } from '../../context/write-context.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key } from '../../dialect/keys/key.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { driverValue } from '../../dialect/types/driver-value.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { watchStatements } from '../../typeorm/patches/query-runner.patch.js';
import { Cascades } from '../rows/cascades.js';
import { KeyReader } from '../rows/key-reader.js';
import { Baselines } from '../baselines/baselines.js';
import { Skips } from '../skips/skips.js';
import { WriteRecorder } from '../writer/record-writes.js';
import { RevisionWriter } from '../writer/revision-writer.js';
import { TableCheck } from '../tables/table-check.js';
import { ViewWarnings } from '../tables/warn-of-views.js';
import { Units } from '../unit/units.js';

const captures = new StateSlot<Capture>('capture');

/** The capture of one data source: everything that its flushes and query builders record with. */
export class Capture {
  isAttached = true;
  readonly dialect: Dialect;
  readonly keys: KeyReader;
  readonly cascades: Cascades;
  readonly writer: RevisionWriter;
  readonly recorder: WriteRecorder;
  readonly units: Units;
  readonly baselines: Baselines;
  readonly skips: Skips;
  readonly tables: TableCheck;
  readonly views: ViewWarnings;

  constructor(
    readonly dataSource: DataSource,
    private readonly options: AuditOptions,
    private readonly context: AuditContext,
  ) {
    this.dialect = dialectOf(dataSource);
    this.keys = new KeyReader(dataSource, this.dialect);
    this.cascades = new Cascades(dataSource, this.dialect, this.keys);
    this.writer = new RevisionWriter(dataSource, this.dialect, this.keys);
    this.baselines = new Baselines(dataSource, this.dialect, this.keys);
    this.units = new Units(dataSource, this.dialect);
    this.skips = new Skips(dataSource, this.dialect, options, this.units, this);
    this.recorder = new WriteRecorder(this.writer, options, this.skips);
    this.views = new ViewWarnings(() => this.plans);
    this.tables = new TableCheck(() => this.plans, this.dialect.catalogue, options);
  }

  // Not kept: a data source that is initialised again has other plans.
  get plans(): AuditPlans {
    return auditPlansOf(this.dataSource);
  }

  /** Compares the tables of ours with what a write needs. @throws AuditConfigurationError */
  async checkTables(): Promise<void> {
    if (!this.tables.isDue(undefined)) return;
    const queryRunner = this.dataSource.createQueryRunner();
    try {
      await this.tables.atStart(queryRunner);
      // Else some of the tables may not be there.
      const areSound = this.options.checkTables !== false && !this.tables.isDue(undefined);
      if (areSound) await this.baselines.complete.lookAtAll(queryRunner);
    } finally {
      await queryRunner.release();
    }
  }

  /** Who writes, asked of the application; a promise where `actor` or `context` is asynchronous. */
  who(): Who | Promise<Who> {
    return whoWrites(this.context, this.options);
  }

  /**
   * Runs a write when it is known who writes and that the tables are there. Where both are known already, it runs at
   * once.
   *
   * @param checkTables called where the tables have to be looked at before
   */
  whenReady<T>(
    queryRunner: QueryRunner | undefined,
    checkTables: () => Promise<void>,
    write: (who: Who) => Promise<T>,
  ): Promise<T> {
    const isDue = this.tables.isDue(queryRunner);
    return this.units.whenAsked(
      queryRunner,
      () => {
        const who = this.who();
        return isDue ? checkTables().then(() => who) : who;
      },
      write,
    );
  }

  /** What it writes under. @throws AuditContextError */
  contextOf(who: Who): WriteContext {
    return who(this.context.state());
  }

  /** Whether the code that runs now is not inside `AuditContext.without()`. */
  get isRecording(): boolean {
    return this.context.state()?.recording !== false;
  }

  /**
   * The key as the driver sends it. An id is a scalar for a single key column, else of the shape of the entity.
   *
   * @param metadata of the entity whose id it is, where several are on the table
   */
  driverKey(plan: AuditPlan, id: unknown, metadata = plan.metadata): Key {
    const columns = plan.others.includes(metadata)
      ? this.plans.keyed(metadata).primaryColumns
      : plan.keys.map(({ source }) => source);
    return columns.map((source) => {
      const isEntityLike = typeof id === 'object' && !(id instanceof Date) && !ArrayBuffer.isView(id);
      const value: unknown = isEntityLike ? source.getEntityValue(id as ObjectLiteral) : id;
      if (value === undefined || value === null)
        throw new AuditError(
          `A write to ${plan.metadata.name} can't be recorded: its ${source.propertyPath} is not known after the write.`,
        );
      return driverValue(this.dataSource, source, value);
    });
  }
}

/**
 * The capture that is attached to a data source, if there is one. The driver has it too: a data source that is derived
 * from another one, for a tenant say, shares or copies the driver.
 */
export function captureOf(dataSource: DataSource): Capture | undefined {
  const capture = captures.of(dataSource) ?? captures.of(dataSource.driver);
  return capture?.isAttached ? capture : undefined;
}

export function setCapture(dataSource: DataSource, capture: Capture | undefined): void {
  const before = captureOf(dataSource);
  // Derived data sources may have copies.
  if (before) before.isAttached = false;
  for (const bearer of [dataSource, dataSource.driver]) captures.set(bearer, capture);
  watchStatements(dataSource.driver, capture?.units);
}
