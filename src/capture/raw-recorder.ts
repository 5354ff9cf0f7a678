import { type QueryRunner } from 'typeorm';
import { type RawWrite, type Recorder } from '../audited/recorder.js';
import { type Capture } from './capture.js';

/** Records statements of our own, which go past TypeORM's builders and events. */
export class RawRecorder implements Recorder {
  constructor(private readonly capture: Capture) {}

  transaction<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T> {
    return this.capture.gate.run(queryRunner, fn);
  }

  async record(
    queryRunner: QueryRunner,
    { plan, operation, key, changed }: RawWrite,
    run: () => Promise<unknown>,
  ): Promise<void> {
    const { cascades } = this.capture;
    const pending = this.capture.pending();
    const acting = pending ? cascades.foreignKeys.actingOnUpdate(plan.metadata, () => changed) : [];
    const referring = await cascades.ofUpdate(queryRunner, acting, [key]);
    await run();
    if (!pending) return;
    const followed = await cascades.afterUpdate(queryRunner, referring, [key]);
    await this.capture.bufferOf(queryRunner).record([{ plan, operation, keys: [key] }, ...followed], pending);
  }
}
