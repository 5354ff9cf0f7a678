import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { AuditError, RevisionDeleteForbiddenError } from '../audit.errors.js';
import { type ClearOptions } from '../revision/query-runner.patch.js';
import { type Clear } from '../revision/typeorm.patch.js';
import { type Capture, captureOf, tableOf } from './capture.js';
import { dataSourceOf } from './data-source-of.js';
import { noteUnattached } from './unattached.js';

/** Empties tables from which audited rows would vanish by a delete, which is recorded, and all others as TypeORM does. */
export const recordedClear: Clear = async (manager, target, options, truncate) => {
  const dataSource = dataSourceOf(manager);
  const metadata = dataSource.getMetadata(target);
  if (!captureOfClear(dataSource, metadata, options)) return truncate();
  await manager.createQueryBuilder().delete().from(tableOf(metadata).target).callListeners(false).execute();
};

/**
 * Refuses to empty such tables by a TRUNCATE: `queryRunner.clearTable()`, or a `clear()` that another library has
 * replaced.
 *
 * @throws AuditError, RevisionDeleteForbiddenError
 */
export function refuseTruncate(
  queryRunner: QueryRunner,
  tablePath: string,
  options: ClearOptions | undefined,
): void {
  const dataSource = dataSourceOf(queryRunner);
  if (!captureOf(dataSource)) return;
  const metadata = dataSource.entityMetadatas.find((known) => known.tablePath === tablePath);
  if (!metadata || !captureOfClear(dataSource, metadata, options)) return;
  throw new AuditError(
    `clearTable('${tablePath}') would empty an audited table, or take audited rows along, and leave no history of that. ` +
      `Use clear() or delete(). If that was clear(), another library has replaced it: let its function call the one that ` +
      `it stands around.`,
  );
}

/** By what to record that a table is emptied; undefined where nothing of it is to be recorded. */
function captureOfClear(
  dataSource: DataSource,
  metadata: EntityMetadata,
  options: ClearOptions | undefined,
): Capture | undefined {
  const capture = captureOf(dataSource);
  if (!capture) noteUnattached(dataSource, [metadata]);
  if (!capture) return undefined;
  if (capture.plans.isRevision(metadata)) throw new RevisionDeleteForbiddenError(metadata.name);
  const table = tableOf(metadata);
  const { foreignKeys } = capture.cascades;
  if (!capture.isRecording) return undefined;
  // TypeORM refuses it.
  if (options?.cascade && !capture.dialect.truncatesCascading) return undefined;
  if (options?.cascade && foreignKeys.isReferred(table))
    throw new AuditError(
      `clear(${metadata.name}, { cascade: true }) would empty audited tables that refer to it, whatever their foreign keys say, ` +
        `and leave no history of that. Clear them first, and ${metadata.name} without cascade.`,
    );
  const isAudited = capture.plans.find(table) ?? foreignKeys.actingOnDelete(table).length > 0;
  return isAudited ? capture : undefined;
}
