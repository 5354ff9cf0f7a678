import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type BackfillOptions } from '../maintenance.types.js';
import { type MaintenanceSession } from './maintenance-session.js';

/** How long a run that is held back waits until it looks again. */
const PAUSE_MS = 1_000;
const LIMITS = ['rowsPerSecond', 'maxReplicaLagSeconds', 'maxTransactionAgeSeconds', 'tablesAtOnce'] as const;

/** @throws InvalidArgumentError naming the option */
export function assertBackfillOptions({ dialect }: MaintenanceSession, options: BackfillOptions): void {
  for (const name of LIMITS) {
    const value: unknown = options[name];
    if (value === undefined) continue;
    const isWhole = name === 'tablesAtOnce';
    if (typeof value !== 'number' || !(value > 0) || (isWhole && !Number.isInteger(value)))
      throw new InvalidArgumentError(
        name,
        `must be ${isWhole ? 'an integer of 1 or more' : 'a number above 0'}, got ${inspect(value)}.`,
      );
    if (name.startsWith('max') && !dialect.load.pressure)
      throw new InvalidArgumentError(name, 'is for PostgreSQL only. Leave it out.');
  }
}

/** Holds back the batches of a run: all tables of the run share one. */
export class Pace {
  /** When the rows that were written would be allowed, at the rate. */
  private allowedAt = 0;

  constructor(
    private readonly session: MaintenanceSession,
    private readonly options: BackfillOptions,
  ) {}

  /** Waits until a batch of rows may begin. */
  async untilAllowed(rows: number): Promise<void> {
    await this.untilCalm();
    const { rowsPerSecond } = this.options;
    if (rowsPerSecond === undefined) return;
    const start = Math.max(Date.now(), this.allowedAt);
    this.allowedAt = start + (rows / rowsPerSecond) * 1000;
    if (start > Date.now()) await sleep(start - Date.now());
  }

  private async untilCalm(): Promise<void> {
    const { maxReplicaLagSeconds = Infinity, maxTransactionAgeSeconds = Infinity, onPause } = this.options;
    if (maxReplicaLagSeconds === Infinity && maxTransactionAgeSeconds === Infinity) return;
    for (;;) {
      const { replicaLag, transactionAge } = await this.session.connected((queryRunner) =>
        this.session.dialect.load.pressure!(queryRunner),
      );
      const reason =
        replicaLag > maxReplicaLagSeconds
          ? `a replica is ${Math.round(replicaLag)} s behind`
          : transactionAge > maxTransactionAgeSeconds
            ? `a transaction has been open for ${Math.round(transactionAge)} s`
            : undefined;
      if (reason === undefined) return;
      await onPause?.(reason);
      await sleep(PAUSE_MS);
    }
  }
}
