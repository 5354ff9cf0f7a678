import { type Who } from '../../context/write-context.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { type Flush, type FlushExtension } from '../../typeorm/patches/writes.patch.js';
import { noteUnattached } from '../tables/warn-of-unattached.js';
import { type Capture, captureOf } from './capture.js';
import { type SkipCause } from '../skips/skips.js';
import { SkippedFlush } from '../skips/skipped-flush.js';
import { skippedByFlush, traceFlush } from './skipped-writes.js';
import { flushOf, queryRunnerOfFlush } from './flush-builders.js';
import { FlushCapture, unrecordedFlush } from './flush-capture.js';
import { refuseHistoric } from './refuse-historic.js';
import { assertRecordable, tablesOf, touchesAudited, writesOf } from './writes-of-flush.js';

/** Whether a flush has begun under our eyes, whether there was something to record or not. */
const begun = new StateSlot<true>('begun');

/** Records the writes of each flush before its after-hooks run. */
export const flushExtension: FlushExtension = {
  async execute(flush, execute) {
    begun.set(flush, true);
    const dataSource = dataSourceOf(flush.queryRunner);
    refuseHistoric(dataSource, flush.allSubjects);
    const capture = captureOf(dataSource);
    if (!capture) noteUnattached(dataSource, tablesOf(flush));
    if (!capture) return execute();
    await assertRecordable(capture, flush);
    if (!touchesAudited(capture, flush)) return execute();
    const skippedBy = skipCauseOf(capture, flush);
    if (skippedBy) {
      capture.skips.assertAllowed(skippedByFlush(capture, flush), skippedBy);
      const { queryRunner } = flush;
      const skipped = new SkippedFlush(skippedBy, () => traceFlush(capture, queryRunner, flush, skippedBy));
      return executeFlush(capture, flush, execute, skipped);
    }
    return capture.whenReady(
      flush.queryRunner,
      () => capture.tables.beforeWrite(flush.queryRunner),
      (who) => executeFlush(capture, flush, execute, who),
    );
  },

  written(flush) {
    const capture = captureOf(dataSourceOf(flush.queryRunner));
    if (!begun.of(flush) && capture?.isRecording && touchesAudited(capture, flush))
      throw unrecordedFlush('runs a save() or remove() by another method than SubjectExecutor.execute()');
    const flushCapture = flushOf(flush.queryRunner);
    return capture && flushCapture?.isRecording ? flushCapture.end(writesOf(capture, flush)) : undefined;
  },
};

function skipCauseOf(capture: Capture, { options }: Flush): SkipCause | undefined {
  if (!capture.isRecording) return 'without';
  return options?.listeners === false ? 'listeners' : undefined;
}

async function executeFlush(
  capture: Capture,
  flush: Flush,
  execute: () => Promise<void>,
  who: Who | SkippedFlush,
): Promise<void> {
  const unit = capture.units.on(flush.queryRunner);
  const flushCapture = new FlushCapture(capture, flush.queryRunner, unit, who, flush);
  flush.queryRunner = queryRunnerOfFlush(flushCapture);
  await unit.within(async () => {
    try {
      await execute();
      flushCapture.assertEnded();
      await flushCapture.end();
    } catch (error) {
      await flushCapture.abandon(error);
      throw error;
    }
  });
}
