import { type AuditPlan } from '../audited/audit-plan.js';
import { type SchemaBuild } from '../typeorm/patches/schema-builder.patch.js';
import { type Rename } from './rename-columns.js';

/**
 * Renames the columns of audited tables that `renamed` names, before TypeORM looks at them: it would drop and add them.
 *
 * @returns the renames of each plan
 */
export async function renameAuditedColumns(
  { queryRunner, tableOf }: SchemaBuild,
  plans: readonly AuditPlan[],
): Promise<Map<AuditPlan, Rename[]>> {
  const done = new Map<AuditPlan, Rename[]>();
  for (const plan of plans) {
    const table = tableOf(plan.metadata);
    if (!table) continue;
    for (const rename of inOrder(plan.decisions.renamed)) {
      const [from, to] = rename;
      if (!table.findColumnByName(from) || table.findColumnByName(to)) continue;
      await queryRunner.renameColumn(table, from, to);
      done.set(plan, [...(done.get(plan) ?? []), rename]);
    }
  }
  return done;
}

/** With b → c before a → b. */
function inOrder(renames: readonly Rename[]): Rename[] {
  const left = [...renames];
  const ordered: Rename[] = [];
  while (left.length > 0) {
    const at = left.findIndex(([, to]) => !left.some(([from]) => from === to));
    // A swap has no first one.
    ordered.push(...left.splice(Math.max(at, 0), 1));
  }
  return ordered;
}
