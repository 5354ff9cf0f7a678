import { type SkipCause } from './skips.js';

/** A flush that leaves its writes out of the history. It traces them before the first statement that writes them. */
export class SkippedFlush {
  private traced: Promise<void> | undefined;

  /** @param insert inserts the trace of all writes of the flush */
  constructor(
    readonly by: SkipCause,
    private readonly insert: () => Promise<void>,
  ) {}

  /** Inserts the trace, the first time that it is called. */
  trace(): Promise<void> {
    return (this.traced ??= this.insert());
  }
}
