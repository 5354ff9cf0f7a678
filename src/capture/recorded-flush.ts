import { AsyncLocalStorage } from 'node:async_hooks';
import { type PendingContext } from '../context/write-context.js';
import { type FlushExtension } from '../revision/typeorm.patch.js';
import { captureOf } from './capture.js';
import { dataSourceOf } from './data-source-of.js';
import { refuseHistoric } from './refuse-historic.js';
import { type RevisionBuffer, type Write } from './revision-buffer.js';

/** One flush of TypeORM's persistence layer, and the writes that it came to. */
export class RecordedFlush {
  /** Whether audited rows have been written. */
  hasWritten = false;
  /** Under which its events came; undefined before, and where nothing is to be recorded. */
  pending: PendingContext | undefined;
  private readonly named: Write[] = [];
  private readonly unnamed: Write[] = [];
  private recorded: Promise<void> = Promise.resolve();

  constructor(
    private readonly buffer: RevisionBuffer,
    /** Whether events will tell of its rows: not those of `save(…, { listeners: false })`. */
    readonly hasEvents: boolean,
  ) {}

  /** Takes a write that an event told of. */
  addNamed(write: Write): void {
    this.named.push(write);
  }

  /** Takes a write of rows that the events won't name. */
  addUnnamed(...writes: Write[]): void {
    this.unnamed.push(...writes);
  }

  /** Records the writes so far. */
  record(): Promise<void> {
    const { pending } = this;
    if (!pending) return this.recorded;
    const writes = [...this.named.splice(0), ...this.unnamed.splice(0)];
    if (writes.length > 0) this.recorded = this.recorded.then(() => this.buffer.record(writes, pending));
    return this.recorded;
  }

  /** The same, before a hook writes itself. If it fails, the flush will say so, not the hook. */
  recordFirst(): Promise<void> {
    return this.record().catch(() => undefined);
  }
}

/** Where in a flush code runs: in its statements, or in hooks of the application. */
interface Stage {
  readonly flush: RecordedFlush;
  readonly isHook: boolean;
}

const stage = new AsyncLocalStorage<Stage>();

/** The flush that the statement at hand is part of. */
export function currentFlush(): RecordedFlush | undefined {
  const current = stage.getStore();
  return current?.isHook === false ? current.flush : undefined;
}

/** The flush whose hooks run. */
export function hookedFlush(): RecordedFlush | undefined {
  const current = stage.getStore();
  return current?.isHook ? current.flush : undefined;
}

/**
 * Records each flush when all of its hooks have run: they run at the same time, and may be using the connection.
 * What a hook writes itself is recorded after what it was told of.
 */
export const recordedFlushes: FlushExtension = {
  async execute(executed, execute) {
    refuseHistoric(executed);
    const { queryRunner, options } = executed;
    const capture = captureOf(dataSourceOf(queryRunner));
    if (!capture) return execute();
    await hookedFlush()?.recordFirst();
    const buffer = capture.bufferOf(queryRunner);
    const flush = new RecordedFlush(buffer, options?.listeners !== false);
    const record = async (): Promise<void> => {
      try {
        await stage.run({ flush, isHook: false }, execute);
      } catch (error) {
        // The application may catch it and commit: then what the events told of is recorded, and half a flush refused.
        if (flush.pending) await flush.recordFirst();
        else if (flush.hasWritten) buffer.fail(error);
        throw error;
      }
      await flush.record();
    };
    if (options?.transaction === false) return record();
    // On a shared connection TypeORM may have taken another's transaction for its own, and that has ended meanwhile.
    return capture.gate.run(queryRunner, record);
  },

  broadcastBefore: (_, broadcast) => inHooks(broadcast),

  broadcastAfter({ queryRunner }, broadcast) {
    const flush = currentFlush();
    const result = inHooks(broadcast);
    if (flush) flush.pending = captureOf(dataSourceOf(queryRunner))?.pending();
    return result;
  },
};

function inHooks<T>(broadcast: () => T): T {
  const flush = currentFlush();
  return flush ? stage.run({ flush, isHook: true }, broadcast) : broadcast();
}
