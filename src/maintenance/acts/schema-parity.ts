import { type AuditPlan } from '../../audited/audit-plan.js';
import { neededColumns } from '../../capture/tables/table-problems.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';

/** The problems of a revision table's schema, and whether its revisions can be read all the same. */
export interface SchemaProblems {
  readonly problems: { column: string; problem: string }[];
  readonly isReadable: boolean;
}

/** Compares a revision table with its metadata, as TypeORM's schema builder does. */
export async function schemaProblems(session: MaintenanceSession, plan: AuditPlan): Promise<SchemaProblems> {
  const { revision, keys } = plan;
  return session.connected(async (queryRunner) => {
    const table = await queryRunner.getTable(revision.tablePath);
    if (!table) return { problems: [{ column: '*', problem: 'the table is missing' }], isReadable: false };
    const actual = table.columns.map(({ name }) => name);
    const known = revision.columns.map(({ databaseName }) => databaseName);
    const missing = neededColumns(plan)
      .map(({ databaseName }) => databaseName)
      .filter((name) => !actual.includes(name));
    const changed = session.dataSource.driver
      .findChangedColumns(table.columns, revision.columns)
      .map(({ databaseName }) => databaseName)
      .filter((name) => actual.includes(name));
    const problem = (problem: string) => (column: string) => ({ column, problem });
    // Not every database lists an index's columns in their order.
    const key = [...keys.map(({ databaseName }) => databaseName), REVISION_COLUMNS.revVersion].sort().join();
    const isUnique = [...table.indices.filter((index) => index.isUnique), ...table.uniques].some(
      ({ columnNames }) => [...columnNames].sort().join() === key,
    );
    return {
      problems: [
        ...missing.map(problem('missing')),
        ...actual.filter((name) => !known.includes(name)).map(problem('not of the entity')),
        ...changed.map(problem('of another type')),
        ...(isUnique ? [] : [problem('no unique index with the key')('rev_version')]),
      ],
      isReadable: missing.length === 0,
    };
  });
}
