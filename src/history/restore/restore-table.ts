import { type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { foreignKeysTo } from '../../audited/foreign-keys.js';
import { type Key } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { inSavepoint } from '../../dialect/sessions/savepoint.js';
import { rowTable } from '../revisions/key-tables.js';
import { type Obstacle, type ReferringRow } from './obstacle.js';
import { SetRefusal, WriteRefusal } from './explain-refusal.js';
import { park } from './parking.js';
import { type Assessment, RestoreCheck, writableColumns } from './restore-check.js';
import { keyIn, keyList, RestoreSql, type RowToRestore } from './restore-sql.js';
import { type UniqueKey } from './unique-keys.js';
import { type HistoryWrite } from './write-transaction.js';

/** How many rows one statement reads or writes, at most. */
export const ROWS_AT_A_TIME = 2_000;
/** How many rows one DELETE names: of more, MySQL would rather read, and lock, a whole small table. */
const REMOVED_AT_A_TIME = 100;

/** A row to restore, after its assessment. */
export interface AssessedRow extends RowToRestore {
  readonly revisionId: string;
  readonly assessment: Assessment;
}

/**
 * Restores rows of one table to revisions, or removes them.
 *
 * The database copies the values itself, so microseconds and bigints stay exact, and no transformer or listener
 * changes a value. Unaudited and masked columns keep their present values. In a row that comes back from a delete they
 * get their defaults.
 */
export class RestoreTable {
  private readonly check: RestoreCheck;

  private constructor(
    private readonly target: HistoryWrite,
    private readonly sql: RestoreSql,
  ) {
    this.check = new RestoreCheck(sql, this.query, target.uniqueKeysOf(sql.plan));
  }

  /** @param only the columns to restore in rows that exist. By default all that a restore may write. */
  static async open(
    target: HistoryWrite,
    plan: AuditPlan,
    only?: readonly PlanColumn[],
  ): Promise<RestoreTable> {
    const rows = await rowTable(target.reading, plan);
    return new RestoreTable(target, new RestoreSql(target.dataSource, plan, rows, only));
  }

  get plan(): AuditPlan {
    return this.sql.plan;
  }

  /** Locks the rows that exist with FOR UPDATE. */
  async lock(rows: readonly RowToRestore[]): Promise<void> {
    const { sql } = this;
    await this.query(`SELECT ${sql.number} FROM ${sql.present}${sql.dialect.locks.forUpdate('t')}`, rows);
  }

  /** The row's newest version, even if the transaction reads an older snapshot; 0 without a history. */
  async newestVersion(key: Key): Promise<number> {
    const { sql, target } = this;
    const { locks, sql: syntax } = sql.dialect;
    const [newest] = await readTemplate<ObjectLiteral>(
      target.queryRunner,
      sql.dialect,
      `SELECT r.rev_version AS version FROM ${sql.revisions} r WHERE ${sql.hasKey('r', sql.keyOfCopy(sql.givenKey))} ` +
        `ORDER BY r.rev_version DESC ${syntax.limit(1)}${locks.readNow()}`,
      Object.fromEntries(key.map((value, n) => [`k${n}`, value])),
    );
    return Number(newest?.version ?? 0);
  }

  /**
   * Restores rows to their revisions.
   *
   * @returns the obstacles; if there are any, nothing was written
   * @throws WriteRefusal @throws SetRefusal
   */
  async restore(rows: readonly (RowToRestore & { readonly revisionId: string })[]): Promise<Obstacle[]> {
    const assessments = await this.assess(rows);
    const obstacles = assessments.flatMap((assessment) => this.certain(assessment));
    if (obstacles.length === 0)
      await this.write(rows.map((row, n) => ({ ...row, assessment: assessments[n] })));
    return obstacles;
  }

  /** Assesses a restore of each row, and locks the rows. @param naming see `RestoreCheck#assess()` */
  assess(rows: readonly RowToRestore[], naming = true): Promise<Assessment[]> {
    return this.check.assess(rows, naming);
  }

  /**
   * Whether an obstacle is sure to fail the write. On a partial index only the database can tell. In a caller's
   * transaction the same holds for a deferred constraint, which it checks at the COMMIT.
   */
  isCertain({ holder }: Obstacle): boolean {
    return (
      !holder || !(holder.unique.isPartial || (holder.unique.isDeferred && this.target.transaction.isGiven))
    );
  }

  /** The obstacles that are sure to fail the write. */
  certain({ obstacles }: Assessment): Obstacle[] {
    return obstacles.filter((obstacle) => this.isCertain(obstacle));
  }

  /**
   * Writes the values of the revisions, after assessments without obstacles.
   *
   * @throws WriteRefusal when the database refuses a row
   * @throws SetRefusal when it refuses one of several rows
   */
  async write(rows: readonly AssessedRow[]): Promise<void> {
    const groups = new Map<string, AssessedRow[]>();
    for (const row of rows) {
      const { isPresent, differs, operation, columns } = row.assessment;
      if (isPresent && !differs) continue;
      const name = [isPresent, operation, ...columns.map(({ databaseName }) => databaseName)].join('\n');
      const group = groups.get(name);
      if (group) group.push(row);
      else groups.set(name, [row]);
    }
    for (const group of groups.values())
      for (const batch of batchesOf(group, this.inSets(ROWS_AT_A_TIME))) await this.writeBatch(batch);
  }

  private async writeBatch(rows: readonly AssessedRow[]): Promise<void> {
    const { isPresent, operation, columns } = rows[0].assessment;
    const { recorder, queryRunner, transaction } = this.target;
    const changed = new Set(columns.map(({ databaseName }) => databaseName));
    const text = isPresent ? this.sql.update(columns) : this.sql.insert(columns);
    const keys = rows.map(({ key }) => key);
    await recorder.record(queryRunner, { plan: this.plan, operation, keys, changed }, () =>
      this.explainRefusal(rows, this.query(text, rows)),
    );
    // A dry run leaves generators alone, because a rollback doesn't reset them.
    if (operation === 'insert' && !transaction.isDryRun) await this.advanceGenerators(rows);
  }

  /**
   * Frees the row's value of a unique key for another row: see `park()` in parking.ts.
   *
   * @returns whether the value is free now
   */
  async park(row: RowToRestore, unique: UniqueKey): Promise<boolean> {
    const columns =
      row.revisionId === undefined ? writableColumns(this.plan) : (await this.assess([row]))[0].columns;
    return park(this.target, this.sql, this.query, row, unique, columns);
  }

  /**
   * Inserts a row without some of its values, which are null until it is written as a whole. No other session sees it
   * so, and it is not recorded.
   *
   * @returns whether the database took it
   */
  insertWithout(
    row: RowToRestore,
    { columns }: Assessment,
    left: readonly Pick<ColumnMetadata, 'databaseName'>[],
  ): Promise<boolean> {
    return this.tried(this.sql.insert(columns, left), row);
  }

  /** Sets columns of a row to null, until it is written or removed. Not recorded. @returns as `insertWithout()` */
  setNull(row: RowToRestore, columns: readonly ColumnMetadata[]): Promise<boolean> {
    const { sql } = this;
    const written = sql.plan.columns.filter(({ source }) => columns.includes(source));
    return this.tried(sql.setTo('NULL', written), row);
  }

  private async tried(text: string, row: RowToRestore): Promise<boolean> {
    try {
      await inSavepoint(this.target.queryRunner, false, () => this.query(text, [row]));
      return true;
    } catch (error) {
      if (this.sql.dialect.run.refusal(error)) return false;
      throw error;
    }
  }

  /**
   * Deletes rows. Foreign keys with ON DELETE CASCADE delete more.
   *
   * @throws WriteRefusal when the database refuses a row
   * @throws SetRefusal when it refuses one of several rows
   */
  async remove(rows: readonly RowToRestore[]): Promise<void> {
    const { plan, target, sql } = this;
    for (const batch of batchesOf(rows, this.inSets(REMOVED_AT_A_TIME))) {
      const parameters: ObjectLiteral = {};
      const parameter = (value: unknown, n: number, k: number): string => {
        parameters[`restored_${n}_${k}`] = value;
        return `:restored_${n}_${k}`;
      };
      const conditions = batch.map(({ key }, n) =>
        plan.keys.map((column, k) => `${sql.column(column)} = ${parameter(key[k], n, k)}`).join(' AND '),
      );
      const removed = target.dataSource
        .createQueryBuilder(target.queryRunner)
        .delete()
        .from(plan.metadata.target)
        .where(conditions.length === 1 ? conditions[0] : `(${conditions.join(') OR (')})`, parameters)
        .callListeners(false)
        .execute();
      await this.explainRefusal(batch, removed);
    }
  }

  /** The other rows that refer to each row. */
  async referring(rows: readonly RowToRestore[]): Promise<ReferringRow[][]> {
    const found = rows.map((): ReferringRow[] => []);
    const { sql, plan } = this;
    const { dataSource } = this.target;
    const isItself = sql.hasKey('c', (n) => `t.${sql.column(plan.keys[n])}`);
    for (const foreignKey of foreignKeysTo(dataSource, plan.metadata)) {
      const child = foreignKey.entityMetadata;
      const on = keysEqual(
        foreignKey.columns.map((column) => sql.column(column)),
        'c',
        (n) => `t.${sql.column(foreignKey.referencedColumns[n])}`,
      );
      const others = child.tablePath === plan.metadata.tablePath ? ` WHERE NOT (${isItself})` : '';
      const keys = keyList(sql, child.primaryColumns, 'c');
      const join = `${sql.dialect.sql.leadingJoin} ${tableName(dataSource, child)} c ON ${on}`;
      const referring = await this.query(
        `SELECT ${sql.number}, ${keys} FROM ${sql.present} ${join}${others}`,
        rows,
      );
      for (const row of referring)
        found[row.n as number].push({ foreignKey, key: keyIn(row, child.primaryColumns) });
    }
    return found;
  }

  private inSets(length: number): number {
    return this.target.transaction.inSets ? length : 1;
  }

  // A generator that hasn't reached the restored keys yet would give them to other rows later.
  private async advanceGenerators(rows: readonly RowToRestore[]): Promise<void> {
    const { dialect, table, present } = this.sql;
    for (const { source } of this.plan.keys)
      if (dialect.keys.advanceGenerator && source.isGenerated && source.generationStrategy !== 'uuid')
        await this.query(dialect.keys.advanceGenerator(table, this.sql.column(source), present), rows);
  }

  private async explainRefusal(rows: readonly RowToRestore[], written: Promise<unknown>): Promise<void> {
    try {
      await written;
    } catch (error) {
      const refusal = this.sql.dialect.run.refusal(error);
      const [row] = rows;
      // A removal writes a revision too. An error of that INSERT says nothing about the row.
      if (!refusal || (row.revisionId === undefined && refusal.kind !== 'reference')) throw error;
      throw rows.length > 1 ? new SetRefusal(error) : new WriteRefusal(this.sql, row, refusal, error);
    }
  }

  private readonly query = async (
    template: string,
    rows: readonly RowToRestore[],
    values: Readonly<Record<string, unknown>> = {},
  ): Promise<ObjectLiteral[]> => {
    const { target, sql } = this;
    const found: ObjectLiteral[] = [];
    let done = 0;
    for (const batch of batchesOf(rows, ROWS_AT_A_TIME)) {
      const bound = { ...sql.rows.bind(batch), ...values };
      const result: unknown = await readTemplate(target.queryRunner, sql.dialect, template, bound);
      // A write returns the driver's own result.
      if (Array.isArray(result))
        for (const row of result as ObjectLiteral[]) found.push({ ...row, n: done + Number(row.n) });
      done += batch.length;
    }
    return found;
  };
}

function* batchesOf<T>(rows: readonly T[], length: number): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += length) yield rows.slice(at, at + length);
}
