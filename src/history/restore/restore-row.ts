import { type ObjectLiteral } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { foreignKeysTo } from '../../audited/foreign-keys.js';
import { type Key } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { type Obstacle } from './obstacle.js';
import { WriteRefusal } from './explain-refusal.js';
import { park } from './parking.js';
import { type Assessment, RestoreCheck, writableColumns } from './restore-check.js';
import { keyIn, keyValues, RestoreSql } from './restore-sql.js';
import { type UniqueKey } from './unique-keys.js';
import { type HistoryWrite } from './write-transaction.js';

/** A row that refers to another by a foreign key. */
export interface ReferringRow {
  readonly foreignKey: ForeignKeyMetadata;
  readonly key: Key;
}

/**
 * Restores one row to a revision, or removes it.
 *
 * The database copies the values itself, so microseconds and bigints stay exact, and no transformer or listener
 * changes a value. Unaudited and masked columns keep their present values. In a row that comes back from a delete they
 * get their defaults.
 */
export class RestoreRow {
  private readonly sql: RestoreSql;
  private readonly check: RestoreCheck;
  private readonly values: Record<string, unknown>;

  constructor(
    private readonly target: HistoryWrite,
    readonly plan: AuditPlan,
    /** Driver values. */
    readonly key: Key,
    /** The columns to restore, if the row exists. By default all that a restore may write. */
    only?: readonly PlanColumn[],
  ) {
    this.sql = new RestoreSql(target.dataSource, plan, only);
    this.check = new RestoreCheck(
      this.sql,
      (template, values) => this.query(template, values),
      target.uniqueKeysOf(plan),
    );
    this.values = keyValues(key);
  }

  /** Locks the row with FOR UPDATE, if it exists. @returns whether it exists */
  async lock(): Promise<boolean> {
    const { table, isRow, dialect } = this.sql;
    const rows = await this.query(
      `SELECT 1 AS present FROM ${table} t WHERE ${isRow}${dialect.locks.forUpdate('t')}`,
      {},
    );
    return rows.length > 0;
  }

  /** The row's newest version, even if the transaction reads an older snapshot; 0 without a history. */
  async newestVersion(): Promise<number> {
    const { sql } = this;
    const { locks, sql: syntax } = sql.dialect;
    const [newest] = await this.query(
      `SELECT r.rev_version AS version FROM ${sql.revisions} r WHERE ${sql.hasKey('r', sql.keyOfCopy(sql.givenKey))} ` +
        `ORDER BY r.rev_version DESC ${syntax.limit(1)}${locks.readNow}`,
      {},
    );
    return Number(newest?.version ?? 0);
  }

  /**
   * Restores the row to a revision.
   *
   * @returns the obstacles; if there are any, nothing was written
   * @throws WriteRefusal
   */
  async restore(revisionId: string): Promise<readonly Obstacle[]> {
    const assessment = await this.assess(revisionId);
    const obstacles = assessment.obstacles.filter((obstacle) => this.isCertain(obstacle));
    if (obstacles.length === 0) await this.write(revisionId, assessment);
    return obstacles;
  }

  /** Assesses a restore of the row, and locks the row. */
  assess(revisionId: string): Promise<Assessment> {
    return this.check.assess(revisionId);
  }

  /**
   * Whether an obstacle is sure to fail the write. On a partial index only the database can tell. In a caller's
   * transaction the same holds for a deferred constraint, which it checks at the COMMIT.
   */
  isCertain({ holder }: Obstacle): boolean {
    return !holder || !(holder.unique.isPartial || (holder.unique.isDeferred && this.target.isGiven));
  }

  /** Writes the revision's values, after an assessment without obstacles. @throws WriteRefusal */
  async write(revisionId: string, { isPresent, differs, operation, columns }: Assessment): Promise<void> {
    if (isPresent && !differs) return;
    const { plan, key } = this;
    const { recorder, queryRunner, isDryRun } = this.target;
    const changed = new Set(columns.map(({ databaseName }) => databaseName));
    const text = isPresent ? this.updateText(columns) : this.insertText(columns);
    await recorder.record(queryRunner, { plan, operation, key, changed }, () =>
      this.explainRefusal(revisionId, this.query(text, { id: revisionId })),
    );
    // A dry run leaves generators alone, because a rollback doesn't reset them.
    if (!isPresent && !isDryRun) await this.advanceGenerators();
  }

  /**
   * Frees the row's value of a unique key for another row: see `park()` in parking.ts.
   *
   * @param revisionId the revision to restore later; undefined if the row is to be removed
   * @returns whether the value is free now
   */
  async park(unique: UniqueKey, revisionId: string | undefined): Promise<boolean> {
    const columns =
      revisionId === undefined ? writableColumns(this.plan) : (await this.assess(revisionId)).columns;
    return park(this.target, this.sql, (template, values) => this.query(template, values), unique, columns);
  }

  /** Deletes the row. Foreign keys with ON DELETE CASCADE delete more. @throws WriteRefusal */
  async remove(): Promise<void> {
    const { plan, key, target } = this;
    const removed = target.dataSource
      .createQueryBuilder(target.queryRunner)
      .delete()
      .from(plan.metadata.target)
      .where(
        plan.keys.map((column, n) => `${this.sql.column(column)} = :restored_k${n}`).join(' AND '),
        Object.fromEntries(key.map((value, n) => [`restored_k${n}`, value])),
      )
      .callListeners(false)
      .execute();
    await this.explainRefusal(undefined, removed);
  }

  /** The other rows that refer to this row. */
  async referring(): Promise<ReferringRow[]> {
    const found: ReferringRow[] = [];
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
      const others = child.tablePath === plan.metadata.tablePath ? ` AND NOT (${isItself})` : '';
      const rows = await this.query(
        `SELECT ${sql.keyList(child.primaryColumns, 'c')} FROM ${sql.table} t JOIN ${tableName(dataSource, child)} c ON ${on} ` +
          `WHERE ${sql.isRow}${others}`,
        {},
      );
      found.push(...rows.map((row) => ({ foreignKey, key: keyIn(row, child.primaryColumns) })));
    }
    return found;
  }

  private updateText(columns: readonly PlanColumn[]): string {
    const { sql } = this;
    const set = columns.map(({ source }, n): [string, string] => {
      const name = sql.column(source);
      // The version column counts on. A repeated number would let a client with an older state overwrite this one.
      return [name, source.isVersion ? `t.${name} + 1` : sql.fromRevision(columns[n])];
    });
    const kept = sql.keptOnUpdate(columns).map((name): [string, string] => [name, `t.${name}`]);
    return sql.dialect.sql.updateFrom({
      target: sql.table,
      source: `${sql.revisions} r`,
      on: `${sql.isRevision} AND ${sql.isRow}`,
      set: Object.fromEntries([...set, ...kept]),
    });
  }

  private insertText(columns: readonly PlanColumn[]): string {
    const { sql, plan } = this;
    const all = [...plan.keys, ...columns];
    return (
      `INSERT INTO ${sql.table} (${all.map((column) => sql.column(column)).join(', ')})${sql.dialect.keys.overriding} ` +
      `SELECT ${all.map((column) => sql.fromRevision(column)).join(', ')} FROM ${sql.revisions} r WHERE ${sql.isRevision}`
    );
  }

  // A generator that hasn't reached the restored key yet would give it to another row later.
  private async advanceGenerators(): Promise<void> {
    const { dialect, table, isRow } = this.sql;
    for (const { source } of this.plan.keys)
      if (dialect.keys.advanceGenerator && source.isGenerated && source.generationStrategy !== 'uuid')
        await this.query(dialect.keys.advanceGenerator(table, this.sql.column(source), isRow), {});
  }

  private async explainRefusal(revisionId: string | undefined, written: Promise<unknown>): Promise<void> {
    try {
      await written;
    } catch (error) {
      const refusal = this.sql.dialect.run.refusal(error);
      // A removal writes a revision too. An error of that INSERT says nothing about the row.
      if (!refusal || (revisionId === undefined && refusal.kind !== 'reference')) throw error;
      throw new WriteRefusal(this.sql, this.key, revisionId, refusal, error);
    }
  }

  private query(template: string, values: Record<string, unknown>): Promise<ObjectLiteral[]> {
    const { target, sql } = this;
    return readTemplate(target.queryRunner, sql.dialect, template, { ...this.values, ...values });
  }
}
