import { constants } from 'node:os';
import { type MaintenanceProgress } from '../maintenance/maintenance.types.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Thrown when a signal stops the run; `exitCode` is 128 plus the signal's number, as shells expect. */
export class InterruptedError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/**
 * Stops a run at the end of its batch when the user presses Ctrl-C or a supervisor sends SIGTERM. The second signal
 * ends the process at once, and the database rolls the batch back.
 */
export class Interruption {
  private readonly progress = new Map<string, MaintenanceProgress>();
  private signal: (typeof SIGNALS)[number] | undefined;

  constructor(
    private readonly remedy: string,
    private readonly say: (text: string) => void,
  ) {
    for (const signal of SIGNALS) process.once(signal, this.stop);
  }

  /** Call it after each batch. @throws InterruptedError saying how far the run came, after a signal */
  check(progress: MaintenanceProgress): void {
    this.progress.set(progress.table, progress);
    if (this.signal === undefined) return;
    const tables = [...this.progress.values()].map(
      ({ table, done, total }) => `  ${table}: ${done}${total === undefined ? '' : ` of ${total}`} done`,
    );
    const lines = [`Stopped by ${this.signal}. The run came to`, ...tables, this.remedy];
    throw new InterruptedError(lines.join('\n'), 128 + constants.signals[this.signal]);
  }

  /** Removes the signal handlers. */
  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.stop);
  }

  private readonly stop = (signal: (typeof SIGNALS)[number]): void => {
    this.signal = signal;
    this.end();
    this.say('Stopping when this batch has ended; press Ctrl-C again to stop at once.');
  };
}
