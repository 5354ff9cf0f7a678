import { setTimeout as sleep } from 'node:timers/promises';
import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { isPending } from '../tables/pending-tables.js';

const TRUST_MS = 2_000;

/**
 * Which tables' histories have been pruned, so that the first version of a key may be free although it has others.
 *
 * Where new keys are taken to have no history because looking for it locks gaps, that has to be known. Who has looked
 * trusts that there was no prune for a while, and who is about to prune says so and waits for as long.
 */
export class PrunedTables {
  private readonly pruned = new Set<AuditPlan>();
  private readonly unprunedUntil = new Map<AuditPlan, number>();

  constructor(private readonly dataSource: DataSource) {}

  async has(queryRunner: QueryRunner, plan: AuditPlan): Promise<boolean> {
    if (this.pruned.has(plan)) return true;
    if ((this.unprunedUntil.get(plan) ?? 0) > Date.now()) return false;
    const { maintenance } = auditPlansOf(this.dataSource);
    if (await isPending(queryRunner, maintenance!)) return false;
    const asked = Date.now();
    const isPruned = await wasPruned(this.dataSource, queryRunner, plan);
    if (isPruned) this.pruned.add(plan);
    else this.unprunedUntil.set(plan, asked + TRUST_MS);
    return isPruned;
  }
}

/** Whether somebody has said that he would prune a table. */
export async function wasPruned(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  plan: AuditPlan,
): Promise<boolean> {
  const dialect = dialectOf(dataSource);
  const path = tableName(dataSource, auditPlansOf(dataSource).maintenance!);
  const found = await readTemplate(
    queryRunner,
    dialect,
    `SELECT 1 AS pruned FROM ${path} WHERE ${dialect.types.sameText('entity', '{{entity}}')} AND action IN ('prune', 'erase') ${dialect.sql.limit(1)}`,
    { entity: plan.metadata.tablePath },
  );
  return found.length > 0;
}

/** Until everybody who could know nothing of a prune has looked again. */
export function untilPruneIsKnown(): Promise<void> {
  return sleep(TRUST_MS + 100);
}
