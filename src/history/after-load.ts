import { type DataSource, type EntityMetadata, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { auditPlansOf } from '../audited/audit-plans.js';
import { readingRunner } from './read-statement.js';
import { type Revision } from './revision.js';

/** Runs `@AfterLoad()` and the subscribers' `afterLoad()` of snapshots, as TypeORM does for entities that it loads. */
export async function afterLoadOf<R extends Revision<any>>(
  dataSource: DataSource,
  revisions: readonly R[],
  queryRunner?: QueryRunner,
): Promise<void> {
  for (const { name, metadata } of auditPlansOf(dataSource).all) {
    if (!isHeard(dataSource, metadata)) continue;
    const snapshots = revisions.flatMap(({ entity, snapshot }) =>
      entity === name && snapshot ? [snapshot as ObjectLiteral] : [],
    );
    await afterLoad(dataSource, metadata, snapshots, queryRunner);
  }
}

/** The same for entities of one table. */
export async function afterLoad(
  dataSource: DataSource,
  metadata: EntityMetadata,
  entities: readonly ObjectLiteral[],
  queryRunner?: QueryRunner,
): Promise<void> {
  if (entities.length === 0 || !isHeard(dataSource, metadata)) return;
  // It takes no connection unless a subscriber queries with it.
  const runner = queryRunner ?? readingRunner(dataSource);
  try {
    await runner.broadcaster.broadcast('Load', metadata, [...entities]);
  } finally {
    if (runner !== queryRunner) await runner.release();
  }
}

function isHeard({ subscribers }: DataSource, { afterLoadListeners }: EntityMetadata): boolean {
  return afterLoadListeners.length > 0 || subscribers.some((subscriber) => 'afterLoad' in subscriber);
}
