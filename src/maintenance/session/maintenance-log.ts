import { type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { newId, now } from '../../revision/clock.js';
import { insertOwn } from '../../revision/insert-own.js';
import { contextValues } from '../../capture/writer/context-columns.js';
import { type WriteContext } from '../../context/write-context.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { newestCatchUp } from '../../history/revisions/newest-catch-up.js';
import { type MaintenanceAction, type MaintenanceRecord } from '../../revision/maintenance-record.js';
import { type MaintenanceSession } from './maintenance-session.js';

/**
 * Writes one row of `audit_maintenance`, about one run over one table. The first batch inserts the row in its own
 * transaction, and every later batch updates it in its own. So the row is right wherever the run ends.
 */
export class MaintenanceLog {
  private readonly id = newId();
  private readonly metadata: EntityMetadata;
  private readonly table: string;

  constructor(
    private readonly session: MaintenanceSession,
    private readonly plan: AuditPlan,
    private readonly action: MaintenanceAction,
    private readonly context: WriteContext,
    private readonly key: Record<string, unknown> | null = null,
  ) {
    this.metadata = session.capture.plans.own!.maintenance;
    this.table = tableName(session.dataSource, this.metadata);
  }

  async note(queryRunner: QueryRunner, details: Record<string, unknown>): Promise<void> {
    const row = { ...(await this.values(queryRunner)), details: JSON.stringify(details) };
    if ((await this.update(queryRunner, row)) > 0) return;
    const { template, values } = insertOwn(this.session.dataSource, this.metadata, [row]);
    await this.session.write(queryRunner, template, values);
  }

  /**
   * Records that a run has seen all rows of the table. If this run had nothing left to do, it marks the row of the
   * interrupted run that it continued.
   */
  async finish(): Promise<void> {
    const { session, plan } = this;
    const newest = await session.connected((queryRunner) =>
      newestCatchUp(session.dataSource, plan, queryRunner),
    );
    if (!newest?.details.unfinished) return;
    const { unfinished: _, ...details } = newest.details;
    const values = { id: newest.id, details: JSON.stringify(details) };
    await session.transaction((queryRunner) => this.update(queryRunner, values));
  }

  /** Like `finish()`. If no run has ever written a revision, all rows had one, which is recorded too. */
  async finishBackfill(): Promise<void> {
    await this.finish();
    const { session, plan } = this;
    const { complete } = session.capture.baselines;
    await session.connected((queryRunner) => complete.noteComplete(queryRunner, plan));
  }

  private update(queryRunner: QueryRunner, values: Record<string, unknown>): Promise<number> {
    const { dialect } = this.session;
    return this.session.write(
      queryRunner,
      `UPDATE ${this.table} SET details = ${dialect.types.value('{{details}}', 'json')} WHERE id = ${dialect.types.value('{{id}}', 'uuid')}`,
      values,
    );
  }

  private async values(queryRunner: QueryRunner): Promise<Record<string, unknown>> {
    const find = (property: keyof MaintenanceRecord): ColumnMetadata =>
      this.metadata.findColumnWithPropertyName(property)!;
    const { actor, reason, context } = await contextValues(
      this.session.dialect,
      queryRunner,
      { ...this.context, context: this.key },
      () => ({ actor: find('actor'), reason: find('reason'), context: find('key') }),
    );
    return {
      id: this.id,
      created: now(),
      actor,
      reason,
      action: this.action,
      entity: this.plan.metadata.tablePath,
      key: context,
    };
  }
}
