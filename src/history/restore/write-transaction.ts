import { type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { AuditConfigurationError } from '../../audit.errors.js';
import { MAX_ACTOR_LENGTH } from '../../audit.options.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Recorder, recorderOf } from '../../audited/recorder.js';
import { AuditContext } from '../../context/audit-context.js';
import { historyOf } from '../history.js';
import { rowTable } from '../revisions/key-tables.js';
import { type Reading } from '../revisions/reading.js';
import { SetRefusal } from './explain-refusal.js';
import { type UniqueKey, uniqueKeysOf } from './unique-keys.js';

/** The transaction of a restore or undo. */
interface OpenTransaction {
  /** Whether it is the caller's, and continues afterwards. */
  readonly isGiven: boolean;
  /** Whether everything is rolled back at the end. */
  readonly isDryRun: boolean;
  /** Whether one statement may write several rows. */
  readonly inSets: boolean;
  /** The `rev_transaction` of its revisions. */
  readonly id: string;
}

/** One restore or undo: its transaction, and the caches that live as long. */
export class HistoryWrite {
  /** Reads revisions in the transaction. */
  readonly reading: Reading;
  private readonly uniqueKeys = new Map<AuditPlan, readonly UniqueKey[]>();

  constructor(
    readonly dataSource: DataSource,
    readonly queryRunner: QueryRunner,
    readonly recorder: Recorder,
    readonly transaction: OpenTransaction,
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
  /** The tables that it writes. */
  readonly plans: readonly AuditPlan[];
  /** The default reason, for a context without one. */
  readonly reason: string;
  /** Rolls everything back at the end. */
  readonly dryRun?: boolean;
}

/**
 * Runs a function whose writes all succeed or all fail: in a savepoint of the given manager's transaction, or in a
 * transaction of its own. If the database refuses a statement that writes several rows, it runs the function again with
 * a statement for each row, so that the refusal tells which row it is.
 */
export async function inWriteTransaction<T>(
  dataSource: DataSource,
  options: WriteOptions,
  fn: (write: HistoryWrite) => Promise<T>,
): Promise<T> {
  const { manager, plans } = options;
  const reading = historyOf(dataSource).reading(dataSource, { queryRunner: manager?.queryRunner });
  // On MySQL a look at the catalogue takes the transaction's snapshot, which has to be younger than the locks.
  for (const plan of plans) await rowTable(reading, plan);
  try {
    return await attempt(dataSource, options, true, fn);
  } catch (error) {
    if (!(error instanceof SetRefusal)) throw error;
    return attempt(dataSource, options, false, fn);
  }
}

async function attempt<T>(
  dataSource: DataSource,
  { manager, reason, dryRun = false }: WriteOptions,
  inSets: boolean,
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
      (id) => {
        const transaction = { isGiven: given !== undefined, isDryRun: dryRun, inSets, id };
        return fn(new HistoryWrite(dataSource, queryRunner, recorder, transaction));
      },
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
