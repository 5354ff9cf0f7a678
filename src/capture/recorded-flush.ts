import { type EntityManager, type QueryRunner } from 'typeorm';
import { type PendingContext } from '../context/write-context.js';
import { type Flush, type FlushExtension } from '../revision/typeorm.patch.js';
import { captureOf } from './capture.js';
import { dataSourceOf } from './data-source-of.js';
import { assertRecordable, flushedWrites } from './flushed-writes.js';
import { viewOf } from './view-of.js';
import { refuseHistoric } from './refuse-historic.js';
import { type RevisionBuffer, type Write } from './revision-buffer.js';

const FLUSH = Symbol('flush');

/** A flush's own view of its query runner, by which its query builders are told from the application's. */
type FlushQueryRunner = QueryRunner & { [FLUSH]?: RecordedFlush };

/** The flush that a query runner belongs to, if it was given to a builder of the persistence layer. */
export function flushOf(queryRunner: QueryRunner | undefined): RecordedFlush | undefined {
  const { [FLUSH]: flush } = (queryRunner ?? {}) as FlushQueryRunner;
  return flush;
}

/** One flush of TypeORM's persistence layer, and the writes that it came to. */
export class RecordedFlush {
  /** Whether audited rows have been written. */
  hasWritten = false;
  private writes: Write[] = [];
  private pending: PendingContext | undefined;
  private recorded: Promise<void> | undefined;

  constructor(
    /** What the application has its hooks write with, too. */
    readonly queryRunner: QueryRunner,
    private readonly buffer: RevisionBuffer,
    /** Whether its rows are to be recorded: not in `without()`, nor those of `save(…, { listeners: false })`. */
    readonly isTold: boolean,
  ) {}

  /** What it is to write with. */
  view(): QueryRunner {
    const { queryRunner } = this;
    const own: Partial<FlushQueryRunner> = {
      [FLUSH]: this,
      query: (...given: Parameters<QueryRunner['query']>) => queryRunner.query(...given),
    };
    const view = viewOf(queryRunner, own);
    Object.assign(own, { manager: viewOf<EntityManager>(queryRunner.manager, { queryRunner: view }) });
    return view;
  }

  /** Takes writes of rows that it doesn't know itself. */
  addUnnamed(...writes: Write[]): void {
    this.writes.push(...writes);
  }

  /** Takes the writes of rows that it knows; its hooks, which come now, may write themselves. */
  written(named: readonly Write[], pending: PendingContext): void {
    this.writes = [...named, ...this.writes];
    this.pending = pending;
    this.buffer.open.add(this);
  }

  /** Records its writes, once; undefined where there is nothing to record. */
  record(): Promise<void> | undefined {
    if (this.pending && this.writes.length > 0)
      this.recorded ??= this.buffer.record(this.writes, this.pending);
    return this.recorded;
  }

  /** Its hooks have run. */
  end(): Promise<void> | undefined {
    this.buffer.open.delete(this);
    return this.record();
  }

  /** After an error: the application may catch it and commit. Then what is known is recorded, and half a flush refused. */
  async fail(error: unknown): Promise<void> {
    if (this.pending) await this.end()?.catch(() => undefined);
    else if (this.hasWritten) this.buffer.fail(error);
  }
}

/**
 * Records each flush when all of its hooks have run: they run at the same time, and may be using the connection.
 * What a hook writes itself is recorded after what came before it.
 */
export const recordedFlushes: FlushExtension = {
  async execute(executed, execute) {
    const { queryRunner, options, allSubjects } = executed;
    const dataSource = dataSourceOf(queryRunner);
    refuseHistoric(dataSource, allSubjects);
    const capture = captureOf(dataSource);
    if (!capture) return execute();
    assertRecordable(capture, executed);
    const buffer = capture.bufferOf(queryRunner);
    if (buffer.open.size > 0) await buffer.recordOpen();
    const isTold = options?.listeners !== false && capture.isRecording;
    const flush = new RecordedFlush(queryRunner, buffer, isTold);
    const record = async (): Promise<void> => {
      executed.queryRunner = flush.view();
      try {
        await execute();
      } catch (error) {
        await flush.fail(error);
        throw error;
      }
      await flush.end();
    };
    if (options?.transaction === false) return record();
    // On a shared connection TypeORM may have taken another's transaction for its own, and that has ended meanwhile.
    return capture.gate.run(queryRunner, record);
  },

  written(executed: Flush) {
    const flush = flushOf(executed.queryRunner);
    if (!flush?.isTold) return;
    const capture = captureOf(dataSourceOf(flush.queryRunner));
    const pending = capture?.pending();
    if (capture && pending) flush.written(flushedWrites(capture, executed), pending);
  },
};
