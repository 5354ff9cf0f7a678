import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import {
  DataSource,
  type DataSourceOptions,
  type EntityTarget,
  type MigrationInterface,
  type ObjectLiteral,
  type QueryRunner,
} from 'typeorm';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { attachCapture } from '../../../src/capture/attach-capture.js';
import { AuditContext } from '../../../src/context/audit-context.js';
import '../../../src/schema/attach-schema.js';
import { createDatabase, type DatabaseName } from '../servers/databases.js';

/** A data source on a database of its own, whose writes are recorded. */
export interface AuditedDatabase {
  readonly dataSource: DataSource;
  readonly context: AuditContext;
  close(): Promise<void>;
}

/** Opens an empty database with entities whose tables are made by `synchronize`, unless the options say otherwise. */
export async function openAudited(
  name: DatabaseName,
  options: Partial<DataSourceOptions> & Pick<DataSourceOptions, 'entities'>,
  { file = false } = {},
): Promise<AuditedDatabase> {
  const database = await createDatabase(name, { file });
  const dataSource = new DataSource({
    ...database.options,
    synchronize: true,
    ...options,
  } as DataSourceOptions);
  const close = async (): Promise<void> => {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.drop();
  };
  try {
    await dataSource.initialize();
    const context = new AuditContext();
    attachCapture(dataSource, {}, context);
    return { dataSource, context, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The statements that a migration generated now would have. */
export async function pendingMigration(dataSource: DataSource): Promise<string[]> {
  return (await dataSource.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);
}

/** Generates a migration, runs it up, down and up again, and expects no other to be due. */
export async function expectMigratable(dataSource: DataSource): Promise<void> {
  const { upQueries, downQueries } = await dataSource.driver.createSchemaBuilder().log();
  const run = async (queryRunner: QueryRunner, queries: typeof upQueries): Promise<void> => {
    for (const { query, parameters } of queries) await queryRunner.query(query, parameters);
  };
  class Generated1700000000000 implements MigrationInterface {
    up = (queryRunner: QueryRunner) => run(queryRunner, upQueries);
    down = (queryRunner: QueryRunner) => run(queryRunner, [...downQueries].reverse());
  }
  dataSource.migrations.push(new Generated1700000000000());
  await dataSource.runMigrations();
  await dataSource.undoLastMigration();
  await dataSource.runMigrations();
  expect(await pendingMigration(dataSource)).toEqual([]);
}

/** All columns of all rows, `select: false` too, in the order of the primary key. */
export async function readAll(
  dataSource: DataSource,
  target: EntityTarget<ObjectLiteral>,
): Promise<ObjectLiteral[]> {
  const metadata = dataSource.getMetadata(target);
  const query = dataSource.getRepository(target).createQueryBuilder('e').withDeleted();
  for (const column of metadata.columns)
    if (!column.isSelect && !column.isVirtualProperty) query.addSelect(`e.${column.propertyPath}`);
  for (const key of metadata.primaryColumns) query.addOrderBy(`e.${key.propertyPath}`);
  return query.getMany();
}

/** All revisions of an entity, `select: false` too, oldest first. */
export async function readRevisions(
  dataSource: DataSource,
  target: EntityTarget<ObjectLiteral>,
): Promise<ObjectLiteral[]> {
  const { revision } = auditPlansOf(dataSource).get(target);
  return readAll(dataSource, revision.target);
}

/**
 * Saves, changes, soft-removes and recovers (where there is a delete date) and removes a row, and expects each time
 * one more revision, whose values, read through its repository, are those of the row.
 *
 * @param states the first is saved as new, each of the others as a change of the same row
 */
export async function expectRecorded(
  dataSource: DataSource,
  target: EntityTarget<ObjectLiteral>,
  states: readonly ObjectLiteral[],
): Promise<void> {
  const repository = dataSource.getRepository(target);
  const expectNewest = newestExpectation(dataSource, target);
  let entity = await repository.save(repository.create(states[0]));
  await expectNewest('insert', [entity]);
  for (const state of states.slice(1)) {
    entity = await repository.save(repository.merge(entity, state));
    await expectNewest('update', [entity]);
  }
  if (repository.metadata.deleteDateColumn) {
    await repository.softRemove(entity);
    await expectNewest('soft-delete', [entity]);
    await repository.recover(entity);
    await expectNewest('restore', [entity]);
  }
  await repository.remove(repository.create(entity));
  await expectNewest('delete', [entity]);
}

/** The same for several rows that are saved, changed and removed together, and with client-made keys come back. */
export async function expectRecordedTogether(
  dataSource: DataSource,
  target: EntityTarget<ObjectLiteral>,
  rows: readonly ObjectLiteral[],
  change: ObjectLiteral,
): Promise<void> {
  const repository = dataSource.getRepository(target);
  const expectNewest = newestExpectation(dataSource, target);
  let entities = await repository.save(repository.create([...rows]));
  await expectNewest('insert', entities);
  entities = await repository.save(entities.map((entity) => repository.merge(entity, change)));
  await expectNewest('update', entities);
  await repository.remove(repository.create(entities));
  await expectNewest('delete', entities);
  if (repository.metadata.generatedColumns.length === 0) {
    await repository.save(repository.create(entities));
    await expectNewest('insert', entities);
  }
}

function newestExpectation(dataSource: DataSource, target: EntityTarget<ObjectLiteral>) {
  const metadata = dataSource.getMetadata(target);
  const keyOf = (row: ObjectLiteral): unknown[] =>
    metadata.primaryColumns.map((key) => key.getEntityValue(row));
  // A table of several classes has columns that this one doesn't, and some columns have no property.
  const columns = auditPlansOf(dataSource)
    .get(target)
    .columns.filter(({ source }) => metadata.nonVirtualColumns.includes(source));
  const operations: string[] = [];
  return async (operation: string, entities: readonly ObjectLiteral[]): Promise<void> => {
    operations.push(operation);
    const rows = await readAll(dataSource, target);
    const revisions = await readRevisions(dataSource, target);
    for (const entity of entities) {
      const isSame = (row: ObjectLiteral): boolean => isDeepStrictEqual(keyOf(row), keyOf(entity));
      const timeline = revisions.filter(isSame);
      // A key that comes back has older ones.
      const latest = timeline.slice(-operations.length);
      expect(latest.map(({ revOperation }) => revOperation as string)).toEqual(operations);
      const newest = timeline.at(-1)!;
      expect(newest).toMatchObject({ revVersion: timeline.length, revIsDelete: operation === 'delete' });
      const row = rows.find(isSame);
      expect(row === undefined).toBe(operation === 'delete');
      if (!row) continue;
      const values = (of: 'source' | 'copy', from: ObjectLiteral): ObjectLiteral =>
        Object.fromEntries(
          columns.map((column) => [column.propertyPath, column[of].getEntityValue(from) ?? null]),
        );
      expect(values('copy', newest)).toEqual(values('source', row));
    }
  };
}
