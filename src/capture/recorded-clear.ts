import { AuditError, RevisionDeleteForbiddenError } from '../audit.errors.js';
import { type Clear } from '../revision/query-runner.patch.js';
import { captureOf } from './capture.js';
import { dataSourceOf } from './data-source-of.js';
import { tableAtPath } from './table-by-path.js';
import { noteUnattached } from './unattached.js';

/** Empties tables from which audited rows would vanish by a delete, which is recorded, and all others as TypeORM does. */
export const recordedClear: Clear = async (queryRunner, given, options, truncate) => {
  const dataSource = dataSourceOf(queryRunner);
  const table = tableAtPath(dataSource, typeof given === 'string' ? given : given.name);
  if (!table) return truncate();
  const capture = captureOf(dataSource);
  if (!capture) noteUnattached(dataSource, [table]);
  if (!capture) return truncate();
  if (capture.plans.isRevision(table)) throw new RevisionDeleteForbiddenError(table.name);
  const { foreignKeys } = capture.cascades;
  if (!capture.isRecording) return truncate();
  // TypeORM refuses it.
  if (options?.cascade && !capture.dialect.truncatesCascading) return truncate();
  if (options?.cascade && foreignKeys.isReferred(table))
    throw new AuditError(
      `clear(${table.name}, { cascade: true }) would empty audited tables that refer to it, whatever their foreign keys say, ` +
        `and leave no history of that. Clear them first, and ${table.name} without cascade.`,
    );
  if (!capture.plans.find(table) && foreignKeys.actingOnDelete(table).length === 0) return truncate();
  const target = table.isJunction ? table.tablePath : table.target;
  await dataSource.createQueryBuilder(queryRunner).delete().from(target).callListeners(false).execute();
};
