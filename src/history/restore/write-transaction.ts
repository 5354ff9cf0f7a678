import { type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { AuditConfigurationError } from '../../audit.errors.js';
import { MAX_ACTOR_LENGTH } from '../../audit.options.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Recorder, recorderOf } from '../../audited/recorder.js';
import { AuditContext } from '../../context/audit-context.js';
import { historyOf } from '../history.js';
import { type Reading } from '../revisions/reading.js';
import { type UniqueKey, uniqueKeysOf } from './unique-keys.js';

/** One restore or undo: its transaction, and the caches that live as long. */
export class HistoryWrite {
  /** Reads revisions in the transaction. */
  readonly reading: Reading;
  private readonly uniqueKeys = new Map<AuditPlan, readonly UniqueKey[]>();

  constructor(
    readonly dataSource: DataSource,
    readonly queryRunner: QueryRunner,
    readonly recorder: Recorder,
    /** Whether the transaction is the caller's, which continues afterwards. */
    readonly isGiven: boolean,
    /** Whether everything is rolled back at the end. */
    readonly isDryRun: boolean,
  ) {
    this.reading = historyOf(dataSource).reading(dataSource, { queryRunner });
  }

  /** The unique keys of a table. Every call returns the same objects, so they can be compared. */
  uniqueKeysOf(plan: AuditPlan): readonly UniqueKey[] {
    let uniqueKeys = this.uniqueKeys.get(plan);
    if (!uniqueKeys) this.uniqueKeys.set(plan, (uniqueKeys = uniqueKeysOf(plan)));
    return uniqueKeys;
  }
}

/** The transaction and the reason of a restore or undo. */
export interface WriteOptions {
  readonly manager: EntityManager | undefined;
  /** The default reason, for a context without one. */
  readonly reason: string;
  /** Rolls everything back at the end. */
  readonly dryRun?: boolean;
}

/**
 * Runs a function whose writes all succeed or all fail: in a savepoint of the given manager's transaction, or in a
 * transaction of its own.
 */
export async function inWriteTransaction<T>(
  dataSource: DataSource,
  { manager, reason, dryRun = false }: WriteOptions,
  fn: (write: HistoryWrite) => Promise<T>,
): Promise<T> {
  const recorder = recorderOf(dataSource);
  if (!recorder)
    throw new AuditConfigurationError(
      'The writes to this data source are not recorded, so a restore would leave no revision. Import AuditModule or call attachAudit() first.',
    );
  const given = manager?.queryRunner;
  const queryRunner = given ?? dataSource.createQueryRunner();
  const run = (): Promise<T> =>
    recorder.transaction(
      queryRunner,
      () => fn(new HistoryWrite(dataSource, queryRunner, recorder, given !== undefined, dryRun)),
      { isDryRun: dryRun },
    );
  const context = new AuditContext();
  try {
    return await (context.state()?.reason?.trim()
      ? run()
      : context.run({ reason: reason.slice(0, MAX_ACTOR_LENGTH) }, run));
  } finally {
    if (!given) await queryRunner.release();
  }
}
