import { type AuditPlan } from '../../audited/audit-plan.js';
import { actualTable, MISSING, neededColumns, problemsOf } from '../../capture/tables/table-problems.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';

/** The problems of a revision table's schema, and whether its revisions can be read all the same. */
export interface SchemaProblems {
  readonly problems: { column: string; problem: string }[];
  readonly isReadable: boolean;
}

/** Compares a revision table with what writes need, and looks for the index that keeps versions apart. */
export async function schemaProblems(session: MaintenanceSession, plan: AuditPlan): Promise<SchemaProblems> {
  const { revision, keys } = plan;
  const { catalogue } = session.dialect;
  return session.connected(async (queryRunner) => {
    const [columns] = await catalogue.read(queryRunner, [revision.tablePath]);
    const actual = actualTable(columns, catalogue);
    const problems = problemsOf(neededColumns(plan), actual, catalogue);
    if (actual.size === 0) return { problems: [...problems], isReadable: false };
    const table = await queryRunner.getTable(revision.tablePath);
    // Not every database lists an index's columns in their order.
    const key = [...keys.map(({ databaseName }) => databaseName), REVISION_COLUMNS.revVersion].sort().join();
    const isUnique = [
      ...(table?.indices ?? []).filter((index) => index.isUnique),
      ...(table?.uniques ?? []),
    ].some(({ columnNames }) => [...columnNames].sort().join() === key);
    const unindexed = { column: REVISION_COLUMNS.revVersion, problem: 'no unique index with the key' };
    return {
      problems: isUnique ? problems : [...problems, unindexed],
      isReadable: !problems.some(({ problem }) => problem === MISSING),
    };
  });
}
