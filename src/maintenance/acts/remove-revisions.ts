import { type QueryRunner } from 'typeorm';
import { type PlanSql } from '../../audited/plan-sql.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';

/** Removes revisions, past the subscriber that forbids the application to do so. */
export async function removeRevisions(
  session: MaintenanceSession,
  queryRunner: QueryRunner,
  sql: PlanSql,
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0;
  const parameters = ids.map((_, n) => session.dialect.types.value(`{{id${n}}}`, 'uuid'));
  return session.write(
    queryRunner,
    `DELETE FROM ${sql.revisions} WHERE rev_id IN (${parameters.join(', ')})`,
    Object.fromEntries(ids.map((id, n) => [`id${n}`, id])),
  );
}
