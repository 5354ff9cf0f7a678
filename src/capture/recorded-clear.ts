import { AuditError, RevisionDeleteForbiddenError } from '../audit.errors.js';
import { type Clear } from '../revision/typeorm.patch.js';
import { captureOf, tableOf } from './capture.js';
import { dataSourceOf } from './data-source-of.js';
import { noteUnattached } from './unattached.js';

/** Empties tables from which audited rows would vanish by a delete, which is recorded, and all others as TypeORM does. */
export const recordedClear: Clear = async (manager, target, options, truncate) => {
  const dataSource = dataSourceOf(manager);
  const capture = captureOf(dataSource);
  const metadata = dataSource.getMetadata(target);
  if (!capture) noteUnattached(dataSource, [metadata]);
  if (!capture) return truncate();
  if (capture.plans.isRevision(metadata)) throw new RevisionDeleteForbiddenError(metadata.name);
  const table = tableOf(metadata);
  const { foreignKeys } = capture.cascades;
  if (!capture.isRecording) return truncate();
  // TypeORM refuses it.
  if (options?.cascade && !capture.dialect.truncatesCascading) return truncate();
  if (options?.cascade && foreignKeys.isReferred(table))
    throw new AuditError(
      `clear(${metadata.name}, { cascade: true }) would empty audited tables that refer to it, whatever their foreign keys say, ` +
        `and leave no history of that. Clear them first, and ${metadata.name} without cascade.`,
    );
  if (!capture.plans.find(table) && foreignKeys.actingOnDelete(table).length === 0) return truncate();
  await manager.createQueryBuilder().delete().from(table.target).callListeners(false).execute();
};
