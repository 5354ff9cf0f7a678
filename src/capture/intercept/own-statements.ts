import { type QueryRunner } from 'typeorm';
import { type RawWrite, type Recorder } from '../../audited/recorder.js';
import { inSavepoint } from '../../dialect/sessions/savepoint.js';
import { type Capture } from './capture.js';

/** Records the statements of restore and undo, which go past TypeORM's builders and events. */
export class RawRecorder implements Recorder {
  constructor(private readonly capture: Capture) {}

  unit<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T> {
    return this.capture.units.run(queryRunner, fn);
  }

  transaction<T>(
    queryRunner: QueryRunner,
    fn: (transaction: string) => Promise<T>,
    { isDryRun = false }: { readonly isDryRun?: boolean } = {},
  ): Promise<T> {
    // In a savepoint, so that a failure leaves the caller's transaction as it was.
    return this.capture.units.run(queryRunner, (unit) =>
      inSavepoint(queryRunner, isDryRun, () => fn(unit.revTransaction)),
    );
  }

  record(
    queryRunner: QueryRunner,
    { plan, operation, keys, changed }: RawWrite,
    run: () => Promise<unknown>,
  ): Promise<void> {
    const { cascades, units, recorder, tables, skips } = this.capture;
    if (!this.capture.isRecording && !skips.areUntraced) {
      skips.assertAllowed([{ plan }], 'without');
      return skips.whenTraced(queryRunner, 'without', (trace) =>
        units.run(queryRunner, async (unit) => {
          await run();
          await trace?.(unit, [{ plan, operation, rows: keys.length }]);
        }),
      );
    }
    const who = this.capture.isRecording ? this.capture.who() : undefined;
    return units.run(queryRunner, async (unit) => {
      const known = await who;
      if (known && tables.isDue(queryRunner)) await tables.beforeWrite(queryRunner);
      const acting = known ? cascades.foreignKeys.actingOnUpdate(plan.metadata, () => changed) : [];
      const referring = await cascades.beforeUpdate(queryRunner, acting, keys);
      await this.capture.baselines.record(unit, cascades.toChange(referring));
      await run();
      if (!known) return;
      const followed = await cascades.afterUpdate(queryRunner, referring, keys);
      const writes = [{ plan, operation, keys, sets: changed }, ...followed];
      await recorder.record(unit, writes, () => this.capture.contextOf(known));
    });
  }
}
