import { type EntityManager, type EntityMetadata, type QueryRunner } from 'typeorm';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type Who } from '../../context/write-context.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { type Flush, type FlushExtension } from '../../typeorm/writes.patch.js';
import { typeormVersion } from '../../typeorm/version.js';
import { type Capture, captureOf, tableOf } from './capture.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { assertRecordable, flushedWrites, writtenTables } from './writes-of-flush.js';
import { viewOf } from '../../typeorm/query-runner-view.js';
import { type RecordedOperation, type Write } from '../write/write.js';
import { refuseHistoric } from './refuse-historic.js';
import { type GivenFacts, ToldFacts } from '../rows/row-facts.js';
import { noteUnattached } from '../tables/warn-of-unattached.js';
import { type Unit } from '../unit/unit.js';

const FLUSH = Symbol('flush');

const KINDS: Record<RecordedOperation, WriteKind> = {
  insert: 'insert',
  upsert: 'insert',
  baseline: 'insert',
  update: 'update',
  'soft-delete': 'update',
  restore: 'update',
  delete: 'delete',
};

/** A flush's own view of its query runner, by which its query builders are told from the application's. */
type FlushQueryRunner = QueryRunner & { [FLUSH]?: RecordedFlush };

/** The flush that a query runner belongs to, if it was given to a builder of the persistence layer. */
export function flushOf(queryRunner: QueryRunner | undefined): RecordedFlush | undefined {
  const { [FLUSH]: flush } = (queryRunner ?? {}) as FlushQueryRunner;
  return flush;
}

/** One flush of TypeORM's persistence layer, and the writes that it came to: one unit, from its first statement on. */
export class RecordedFlush {
  /** Whether audited rows have been written. */
  hasWritten = false;
  private writes: Write[] = [];
  private readonly told = new Map<EntityMetadata, ToldFacts>();
  private hasEnded = false;

  constructor(
    private readonly capture: Capture,
    /** What the application has its hooks write with, too. */
    readonly queryRunner: QueryRunner,
    readonly unit: Unit,
    /** Who writes; undefined where its rows are not to be recorded: in `without()`, or by `save(…, { listeners: false })`. */
    private readonly who: Who | undefined,
    private readonly executed: Flush,
  ) {}

  get isTold(): boolean {
    return this.who !== undefined;
  }

  /**
   * Whether it removes entities that TypeORM has not found in the database: they may be gone, or have a number where the
   * column has text, and then their rows are deleted all the same.
   */
  removesUnfound(table: EntityMetadata): boolean {
    return this.executed.removeSubjects.some(
      ({ metadata, entity, databaseEntity }) => metadata === table && entity && !databaseEntity,
    );
  }

  /** What it is to write with. */
  view(): QueryRunner {
    const { queryRunner, unit } = this;
    const query = async (...given: Parameters<QueryRunner['query']>): Promise<unknown> => {
      await unit.begin();
      // The listeners of a materialized path run in its midst, and on a shared connection all others would wait too.
      if (this.capture.dialect.sessions.sharesConnection) unit.letOthersPass();
      return unit.watched(() => queryRunner.query(...given));
    };
    const own: Partial<FlushQueryRunner> = {
      [FLUSH]: this,
      ...(this.isTold && { query: query as QueryRunner['query'] }),
    };
    const view = viewOf(queryRunner, own);
    Object.assign(own, { manager: managerOf(queryRunner.manager, view) });
    return view;
  }

  /** Takes writes of rows that it doesn't know itself. */
  addUnnamed(...writes: Write[]): void {
    this.writes.push(...writes);
  }

  /** Takes in what the result of one of its statements tells of its rows. */
  noteResult(kind: WriteKind, table: EntityMetadata, given: GivenFacts, raw: unknown): void {
    const shared = this.capture.plans.find(table)?.metadata ?? table;
    const told = this.told.get(shared) ?? new ToldFacts();
    this.told.set(shared, told);
    told.add(kind, given, raw);
  }

  /** Records what it has written, and gives the connection to the next one: its after-hooks may write themselves. */
  async end(named: readonly Write[] = []): Promise<void> {
    if (this.hasEnded || !this.unit.hasBegun) return this.assertSent();
    const { capture, unit, who } = this;
    const known = named.map((write) => ({
      ...write,
      ...this.told.get(write.plan.metadata)?.of(KINDS[write.operation]),
    }));
    if (who) await capture.recorder.record(unit, [...known, ...this.writes], () => capture.contextOf(who));
    this.hasEnded = true;
    await unit.end();
  }

  /** @throws UnrecordedWriteError when TypeORM has told nothing of rows that it has written, as a later version might */
  assertTold(): void {
    if (this.isTold && this.hasWritten && !this.hasEnded)
      throw unrecorded('ended a save() or remove() without telling what it has written');
  }

  private assertSent(): void {
    if (this.isTold && this.hasWritten && !this.unit.hasBegun)
      throw unrecorded('sends the statements of a save() or remove() by another method than query()');
  }

  /** After an error. The application may catch it and commit, and half a flush must not be. */
  async abandon(error: unknown): Promise<void> {
    if (this.hasEnded || !this.unit.hasBegun) return;
    this.hasEnded = true;
    if (this.hasWritten) this.unit.fail(error);
    await this.unit.abandon();
  }
}

function unrecorded(what: string): UnrecordedWriteError {
  return new UnrecordedWriteError(
    new AuditError(
      `TypeORM ${typeormVersion()} ${what}. Use a version of TypeORM that nestjs-typeorm-audit lists among its peer ` +
        `dependencies, and let other libraries' wraps call what they stand around.`,
    ),
  );
}

/** Those that have begun under our eyes, whether there was something to record or not. */
const begun = new WeakSet<Flush>();

/** Records each flush before its after-hooks run. */
export const recordedFlushes: FlushExtension = {
  async execute(executed, execute) {
    begun.add(executed);
    const { queryRunner, options, allSubjects } = executed;
    const dataSource = dataSourceOf(queryRunner);
    refuseHistoric(dataSource, allSubjects);
    const capture = captureOf(dataSource);
    if (!capture) noteUnattached(dataSource, writtenTables(executed));
    if (!capture) return execute();
    await assertRecordable(capture, executed);
    if (!touchesAudited(capture, executed)) return execute();
    const isTold = options?.listeners !== false && capture.isRecording;
    const who = isTold ? capture.who() : undefined;
    const isDue = isTold && capture.tables.isDue(queryRunner);
    if (!isDue && !(who instanceof Promise)) return executeFlush(capture, executed, execute, who);
    return capture.units.announced(queryRunner, async () => {
      if (isDue) await capture.tables.beforeWrite(queryRunner);
      return executeFlush(capture, executed, execute, await who);
    });
  },

  written(executed: Flush) {
    assertBegun(executed);
    const flush = flushOf(executed.queryRunner);
    if (!flush?.isTold) return undefined;
    const capture = captureOf(dataSourceOf(flush.queryRunner));
    return capture && flush.end(flushedWrites(capture, executed));
  },
};

async function executeFlush(
  capture: Capture,
  executed: Flush,
  execute: () => Promise<void>,
  who: Who | undefined,
): Promise<void> {
  const { queryRunner } = executed;
  const unit = capture.units.on(queryRunner);
  const flush = new RecordedFlush(capture, queryRunner, unit, who, executed);
  executed.queryRunner = flush.view();
  await unit.within(async () => {
    try {
      await execute();
      flush.assertTold();
      await flush.end();
    } catch (error) {
      await flush.abandon(error);
      throw error;
    }
  });
}

function assertBegun(executed: Flush): void {
  if (begun.has(executed)) return;
  const capture = captureOf(dataSourceOf(executed.queryRunner));
  if (capture?.isRecording && touchesAudited(capture, executed))
    throw unrecorded('runs a save() or remove() by another method than SubjectExecutor.execute()');
}

function touchesAudited({ plans, cascades }: Capture, { allSubjects }: Flush): boolean {
  return allSubjects.some(
    ({ metadata }) => plans.find(metadata) ?? cascades.foreignKeys.isReferred(tableOf(metadata)),
  );
}

// What the persistence layer makes of the manager writes with the flush's view.
function managerOf(manager: EntityManager, queryRunner: QueryRunner): EntityManager {
  return new Proxy(manager, {
    get: (target, name): unknown => (name === 'queryRunner' ? queryRunner : Reflect.get(target, name)),
  });
}
