import { type ObjectLiteral } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { foreignKeysTo } from '../../audited/foreign-keys.js';
import { type Key } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { type Obstacle } from './obstacle.js';
import { RefusedWrite } from './explain-refusal.js';
import { park } from './parking.js';
import { type Assessment, RestoreCheck, writableColumns } from './restore-check.js';
import { keyIn, RestoreSql } from './restore-sql.js';
import { type UniqueKey } from './unique-keys.js';
import { type HistoryWrite } from './write-transaction.js';

/** A row that refers to another by a foreign key. */
export interface ReferringRow {
  readonly foreignKey: ForeignKeyMetadata;
  readonly key: Key;
}

/**
 * One row that is brought back to a revision, or removed.
 *
 * Values are copied inside the database, so that nothing is lost or made anew on the way: microseconds, bigints,
 * what a transformer can't undo, what a listener would change. What is not audited, or masked, stays as it is; in a
 * row that comes back from a delete it gets its default.
 */
export class RestoredRow {
  private readonly sql: RestoreSql;
  private readonly check: RestoreCheck;
  private readonly values: Record<string, unknown>;

  constructor(
    private readonly target: HistoryWrite,
    readonly plan: AuditPlan,
    /** As the driver takes it. */
    readonly key: Key,
  ) {
    this.sql = new RestoreSql(target.dataSource, plan);
    this.check = new RestoreCheck(
      this.sql,
      (template, values) => this.query(template, values),
      target.uniqueKeysOf(plan),
    );
    this.values = Object.fromEntries(key.map((value, n) => [`k${n}`, value]));
  }

  /** Keeps others from changing the row, where it exists. */
  async lock(): Promise<void> {
    const { table, isRow, dialect } = this.sql;
    await this.query(`SELECT 1 AS present FROM ${table} t WHERE ${isRow}${dialect.locks.forUpdate('t')}`, {});
  }

  /**
   * Brings the row back to a revision.
   *
   * @returns what is in the way, in which case nothing was written
   * @throws RefusedWrite
   */
  async restore(revisionId: string): Promise<readonly Obstacle[]> {
    const assessment = await this.assess(revisionId);
    const obstacles = assessment.obstacles.filter((obstacle) => this.isCertain(obstacle));
    if (obstacles.length === 0) await this.write(revisionId, assessment);
    return obstacles;
  }

  /** Finds out what bringing it back comes to, and locks it. */
  assess(revisionId: string): Promise<Assessment> {
    return this.check.assess(revisionId);
  }

  /**
   * Whether an obstacle is one whatever the database says. It has the last word on a partial index, and in a caller's
   * transaction on what it checks at the end of it.
   */
  isCertain({ holder }: Obstacle): boolean {
    return !holder || !(holder.unique.isPartial || (holder.unique.isDeferred && this.target.isGiven));
  }

  /** Brings the row back to a revision whose assessment found nothing in the way. @throws RefusedWrite */
  async write(revisionId: string, { isPresent, differs, operation, columns }: Assessment): Promise<void> {
    if (isPresent && !differs) return;
    const { plan, key } = this;
    const { recorder, queryRunner, isDryRun } = this.target;
    const changed = new Set(columns.map(({ databaseName }) => databaseName));
    const text = isPresent ? this.updateText(columns) : this.insertText(columns);
    await recorder.record(queryRunner, { plan, operation, key, changed }, () =>
      this.accepted(revisionId, this.query(text, { id: revisionId })),
    );
    // A rollback doesn't take generators back.
    if (!isPresent && !isDryRun) await this.advanceGenerators();
  }

  /**
   * Puts it out of the way of a row that gets a value of a unique key which this one has.
   *
   * @param revisionId what it is brought back to later; undefined if it is to be removed
   * @returns whether that was possible
   */
  async park(unique: UniqueKey, revisionId: string | undefined): Promise<boolean> {
    const columns =
      revisionId === undefined ? writableColumns(this.plan) : (await this.assess(revisionId)).columns;
    return park(this.target, this.sql, (template, values) => this.query(template, values), unique, columns);
  }

  /** Removes the row, with all that the database removes along. @throws RefusedWrite */
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
    await this.accepted(undefined, removed);
  }

  /** The rows of other keys that refer to it. */
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
      // It goes on counting, or who holds an older state could save over this one.
      return [name, source.isVersion ? `t.${name} + 1` : sql.restored(columns[n])];
    });
    const kept = sql.keptOnUpdate(columns).map((name): [string, string] => [name, `t.${name}`]);
    return sql.dialect.sql.updateJoined({
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
      `SELECT ${all.map((column) => sql.restored(column)).join(', ')} FROM ${sql.revisions} r WHERE ${sql.isRevision}`
    );
  }

  // Where the generator of a key hasn't come to the value yet, it would later give it to another row.
  private async advanceGenerators(): Promise<void> {
    const { dialect, table, isRow } = this.sql;
    for (const { source } of this.plan.keys)
      if (dialect.keys.advanceGenerator && source.isGenerated && source.generationStrategy !== 'uuid')
        await this.query(dialect.keys.advanceGenerator(table, this.sql.column(source), isRow), {});
  }

  private async accepted(revisionId: string | undefined, written: Promise<unknown>): Promise<void> {
    try {
      await written;
    } catch (error) {
      const refusal = this.sql.dialect.run.refusal(error);
      // A removal writes a revision too, whose own errors are none of the row's.
      if (!refusal || (revisionId === undefined && refusal.kind !== 'reference')) throw error;
      throw new RefusedWrite(this.plan, revisionId, refusal, error);
    }
  }

  private query(template: string, values: Record<string, unknown>): Promise<ObjectLiteral[]> {
    const { target, sql } = this;
    return readTemplate(target.queryRunner, sql.dialect, template, { ...this.values, ...values });
  }
}
