import { Logger } from '@nestjs/common';
import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { PlanSql } from '../../audited/plan-sql.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { bindStatement, compileStatement, readTemplate } from '../../dialect/run/statement.js';
import { inSavepoint } from '../../dialect/sessions/savepoint.js';
import { newId, now } from '../../revision/clock.js';
import { insertOwn } from '../../revision/insert-own.js';
import { type MaintenanceAction } from '../../revision/maintenance-record.js';
import { isPending } from '../tables/pending-tables.js';

/** How long writers rely on a look that found a table incomplete. */
const LOOK_AGAIN_MS = 5_000;
/** Up to this many rows a look at a table finds out by itself whether each of them has a history. */
const FEW_ROWS = 1_000;
const TABLES_PER_STATEMENT = 8;

/**
 * Knows the tables all of whose rows have a history, so that writes need not look for rows without one.
 *
 * A table is complete for good when a backfill of it has ended, or when a look finds that it has few rows, or none, and
 * that each has a history. What a look finds is recorded in `audit_maintenance`, for other processes.
 */
export class CompleteTables {
  private readonly logger = new Logger('AuditModule');
  private readonly complete = new WeakSet<EntityMetadata>();
  private readonly looked = new WeakSet<EntityMetadata>();
  private recordsReadAt = -Infinity;

  constructor(private readonly dataSource: DataSource) {}

  /** Whether a table is known to be complete, without a look. */
  has({ metadata }: AuditPlan): boolean {
    return this.complete.has(metadata);
  }

  /** Whether the next write to a table looks whether it is complete. */
  isLookDue({ metadata }: AuditPlan): boolean {
    return this.areRecordsOld || !this.looked.has(metadata);
  }

  /** Looks at all tables at start, outside of transactions. */
  async lookAtAll(queryRunner: QueryRunner): Promise<void> {
    if (await this.isPending(queryRunner)) return;
    await this.readRecords(queryRunner);
    const open = this.plans.filter((plan) => plan.baseline !== 'none' && !this.has(plan));
    for (const { metadata } of open) this.looked.add(metadata);
    for (let at = 0; at < open.length; at += TABLES_PER_STATEMENT) {
      const found = await this.lookAtRows(queryRunner, open.slice(at, at + TABLES_PER_STATEMENT));
      await this.tryToRecord(found, (text, values) => queryRunner.query(text, values));
    }
  }

  /** Records that a table is complete, unless that is known. */
  async noteComplete(queryRunner: QueryRunner, plan: AuditPlan): Promise<void> {
    await this.readRecords(queryRunner);
    if (this.has(plan)) return;
    await this.tryToRecord([plan], (text, values) => queryRunner.query(text, values));
    this.complete.add(plan.metadata);
  }

  /**
   * Whether a table is complete, for a write that is about to begin. Looks from time to time.
   *
   * @param isSerializable whether a look at the rows would make transactions that write the table fail
   */
  async isComplete(queryRunner: QueryRunner, plan: AuditPlan, isSerializable: boolean): Promise<boolean> {
    if (this.has(plan)) return true;
    if (await this.isPending(queryRunner)) return false;
    if (this.areRecordsOld) await this.readRecords(queryRunner);
    if (!this.has(plan) && !this.looked.has(plan.metadata) && !isSerializable) {
      this.looked.add(plan.metadata);
      const found = await this.lookAtRows(queryRunner, [plan]);
      // A statement that fails must not end the application's transaction.
      await this.tryToRecord(found, (text, values) =>
        inSavepoint(queryRunner, false, () => queryRunner.query(text, values)),
      );
    }
    return this.has(plan);
  }

  private get areRecordsOld(): boolean {
    return this.recordsReadAt + LOOK_AGAIN_MS < Date.now();
  }

  private get plans(): readonly AuditPlan[] {
    return auditPlansOf(this.dataSource).all;
  }

  private get maintenance(): EntityMetadata {
    return auditPlansOf(this.dataSource).own!.maintenance;
  }

  // During migrations the tables may not be there yet.
  private isPending(queryRunner: QueryRunner): false | Promise<boolean> {
    return isPending(queryRunner, this.maintenance);
  }

  private async readRecords(queryRunner: QueryRunner): Promise<void> {
    this.recordsReadAt = Date.now();
    const dialect = dialectOf(this.dataSource);
    const rows = await readTemplate<{ entity: string; details: unknown }>(
      queryRunner,
      dialect,
      `SELECT m.entity AS entity, m.details AS details FROM ${tableName(this.dataSource, this.maintenance)} m ` +
        `WHERE m.action IN ('backfill', 'reconcile', 'complete')`,
      {},
    );
    const column = this.maintenance.findColumnWithPropertyName('details')!;
    const isFinished = (details: unknown): boolean =>
      !(this.dataSource.driver.prepareHydratedValue(details, column) as { unfinished?: boolean }).unfinished;
    const finished = new Set(rows.filter(({ details }) => isFinished(details)).map(({ entity }) => entity));
    for (const { metadata } of this.plans) if (finished.has(metadata.tablePath)) this.complete.add(metadata);
  }

  /** The tables among these that are complete. */
  private async lookAtRows(
    queryRunner: QueryRunner,
    plans: readonly AuditPlan[],
  ): Promise<readonly AuditPlan[]> {
    const selects = plans.map((plan, at) => {
      const sql = new PlanSql(this.dataSource, plan);
      return `SELECT ${sql.holding(String(at))} AS place, ${isComplete(sql)} AS complete`;
    });
    const rows = (await queryRunner.query(selects.join(' UNION ALL '))) as {
      place: number | string;
      complete: number | string;
    }[];
    const found = rows
      .filter(({ complete }) => Number(complete) === 1)
      .map(({ place }) => plans[Number(place)]);
    for (const { metadata } of found) this.complete.add(metadata);
    return found;
  }

  private async tryToRecord(
    plans: readonly AuditPlan[],
    insert: (text: string, values: unknown[]) => Promise<unknown>,
  ): Promise<void> {
    if (plans.length === 0) return;
    const rows = plans.map(({ metadata }) => ({
      id: newId(),
      created: now(),
      action: 'complete' satisfies MaintenanceAction,
      entity: metadata.tablePath,
      details: '{}',
    }));
    const { template, values } = insertOwn(this.dataSource, this.maintenance, rows);
    const statement = compileStatement(dialectOf(this.dataSource), template);
    const bound = bindStatement(statement, values);
    try {
      await insert(statement.text, bound);
    } catch (error) {
      // Another process will look for itself.
      this.logger.debug(
        `That each row has a history could not be recorded in audit_maintenance: ${(error as Error).message}`,
      );
    }
  }
}

/** 1 if a table has few rows and each has a history, else 0. Reads a few rows only. */
function isComplete(sql: PlanSql): string {
  const names = sql.plan.keys.map((column) => sql.column(column)).join(', ');
  const rows = sql.dialect.sql;
  return (
    `CASE WHEN (SELECT count(*) FROM (SELECT 1 AS found FROM ${sql.table} ${rows.limit(FEW_ROWS + 1)}) c) > ${FEW_ROWS} THEN 0 ` +
    `WHEN EXISTS (SELECT 1 FROM (SELECT ${names} FROM ${sql.table} ${rows.limit(FEW_ROWS)}) t ` +
    `WHERE NOT ${sql.hasHistory}) THEN 0 ELSE 1 END`
  );
}
