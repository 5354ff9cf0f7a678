import { type DataSource, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { type RestoreConflict } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { type Obstacle } from '../restore/obstacle.js';
import { revisionsSince } from '../restore/changed-since.js';
import { type Assessment } from '../restore/restore-check.js';
import { keyIn, RestoreSql } from '../restore/restore-sql.js';
import { RestoreRow } from '../restore/restore-row.js';
import { type Revision } from '../types/revision.js';
import { historyOf } from '../history.js';
import { tablesOfTransaction } from '../revisions/changesets.js';
import { RowRevisions } from '../revisions/row-revisions.js';
import { type UniqueKey } from '../restore/unique-keys.js';
import { type HistoryWrite } from '../restore/write-transaction.js';

/** A row that the transaction wrote. */
export interface TransactionRow {
  readonly plan: AuditPlan;
  readonly key: Key;
  /** The row's first version in the transaction. */
  readonly first: number;
  /** `rev_created` of the row's newest revision in the transaction. */
  readonly last: number;
}

/** The rows that a transaction wrote, in reverse order. Baselines don't count: they wrote no row. */
export async function rowsOfTransaction(
  dataSource: DataSource,
  transaction: string,
  queryRunner?: QueryRunner,
): Promise<TransactionRow[]> {
  const rows: TransactionRow[] = [];
  const reading = historyOf(dataSource).reading(dataSource, { queryRunner });
  for (const plan of await tablesOfTransaction(reading, transaction)) {
    const sql = new RestoreSql(dataSource, plan);
    const keys = plan.keys.map(({ copy }) => copy);
    const found = await readTemplate(
      queryRunner ?? dataSource,
      sql.dialect,
      `SELECT ${sql.keyList(keys, 'r')}, min(r.rev_version) AS first_version, max(r.rev_created) AS last_created ` +
        `FROM ${sql.revisions} r WHERE r.rev_transaction = ${sql.dialect.types.value('{{transaction}}', 'uuid')} ` +
        `AND r.rev_operation <> 'baseline' GROUP BY ${keys.map((key) => `r.${sql.column(key)}`).join(', ')}`,
      { transaction },
    );
    for (const row of found)
      rows.push({
        plan,
        key: keyIn(row, keys),
        first: Number(row.first_version),
        last: Number(row.last_created),
      });
  }
  return rows.sort((left, right) => right.last - left.last);
}

/** Puts one row back to its state before a transaction. */
export class UndoRow {
  private readonly row: RestoreRow;
  private readonly revisions: RowRevisions<ObjectLiteral>;
  /** The row's newest revision before the undo. */
  latest: Revision;
  /** The revision to restore, or null if the row is to be removed. */
  private target: Revision | null = null;
  private assessment: Assessment | undefined;

  constructor(
    write: HistoryWrite,
    readonly written: TransactionRow,
    private readonly transaction: string,
  ) {
    this.row = new RestoreRow(write, written.plan, written.key);
    this.revisions = new RowRevisions(write.reading, written.plan, written.key);
  }

  async lock(): Promise<void> {
    await this.row.lock();
  }

  /** Finds the revision to restore. @returns the conflict, if there is one */
  async prepare(): Promise<RestoreConflict | undefined> {
    const { first } = this.written;
    const since = await this.revisions.read({
      where: ['r.rev_version >= {{previous}}'],
      values: { previous: first - 1 },
      order: 'ASC',
    });
    this.latest = since.at(-1)!;
    const own = since.filter(({ version }) => version >= first);
    const [previous] = since.filter(({ version }) => version < first);
    const newer = own.find(({ transaction }) => transaction !== this.transaction);
    if (newer) {
      const last = own.filter(({ transaction }) => transaction === this.transaction).at(-1)!;
      return {
        ...this.conflict(`${this.revisions.name} has changed since, in version ${newer.version}`),
        version: last.version,
        changedSince: await revisionsSince(this.revisions, last.version),
      };
    }
    const isNew = own[0].operation === 'insert' || previous?.isDelete;
    if (!isNew && !previous)
      return this.conflict(`the history of ${this.revisions.name} does not have its state before`);
    this.target = isNew ? null : previous;
    return undefined;
  }

  /** The obstacles to putting the row back now. */
  async obstacles(): Promise<readonly Obstacle[]> {
    if (this.target) {
      this.assessment = await this.row.assess(this.target.id);
      return this.assessment.obstacles;
    }
    if (this.latest.isDelete) return [];
    const referring = await this.row.referring();
    return referring.map(({ foreignKey, key }) => ({
      problem: `${foreignKey.entityMetadata.name} ${key.map(String).join()} refers to ${this.revisions.name}, which would be removed`,
    }));
  }

  isCertain(obstacle: Obstacle): boolean {
    return this.row.isCertain(obstacle);
  }

  /** Puts the row back, after `obstacles()` found none. @throws WriteRefusal */
  async apply(): Promise<void> {
    if (this.target) await this.row.write(this.target.id, this.assessment!);
    else if (!this.latest.isDelete) await this.row.remove();
  }

  /** Frees the row's value of a unique key for another row. @returns whether the value is free now */
  park(unique: UniqueKey): Promise<boolean> {
    return this.row.park(unique, this.target?.id);
  }

  /** The revision that the undo made of this row, if it made one. */
  async made(): Promise<Revision | undefined> {
    const revision = await this.revisions.newest();
    return revision && revision.version > this.latest.version ? revision : undefined;
  }

  /** An obstacle in the shape of `UndoConflictError`. */
  conflictWith({ problem, remedy, values }: Obstacle): RestoreConflict {
    return {
      ...this.conflict(this.target ? `${this.revisions.name}: ${problem}` : problem),
      ...(remedy && { remedy }),
      ...(values && { values }),
    };
  }

  private conflict(problem: string): RestoreConflict {
    const { entity, entityId, version } = this.latest;
    return { entity, id: entityId, problem, version };
  }
}
