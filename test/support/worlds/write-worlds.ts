import { afterAll, beforeAll, describe } from '@jest/globals';
import {
  DataSource,
  type DataSourceOptions,
  type EntityManager,
  type EntityMetadata,
  type Logger,
} from 'typeorm';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { attachCapture } from '../../../src/capture/attach-capture.js';
import { AuditContext } from '../../../src/context/audit-context.js';
import {
  createDatabase,
  type DatabaseName,
  databasesOfThisRun,
  skipForWantOfServers,
  type TestDatabase,
} from '../servers/databases.js';

/** `mysql-on-mariadb` is TypeORM's driver for MySQL on the MariaDB server: it knows no RETURNING. */
export type WorldName = DatabaseName | 'sqljs' | 'mysql-on-mariadb';

/** What MySQL's SQL runs on. */
export const MYSQLS: readonly WorldName[] = ['mariadb', 'mysql-on-mariadb', 'mysql'];

/** A data source on a database of its own, with what a write path needs to be run and looked at. */
export interface World {
  readonly name: WorldName;
  readonly dataSource: DataSource;
  readonly manager: EntityManager;
  readonly context: AuditContext;
  /** The text of every statement since the last reset. */
  readonly statements: string[];
  /** Empties all tables and lets generated keys begin at 1 again. */
  reset(): Promise<void>;
  /** Ends the recording. */
  detach(): void;
  close(): Promise<void>;
}

/** What its data source is of: entities, and subscribers if any. */
export type WorldOptions = Pick<DataSourceOptions, 'entities' | 'subscribers'>;

/** @param drivers the other drivers too, for what depends on how they give results */
export function worldNames(drivers = false): WorldName[] {
  const names: WorldName[] = databasesOfThisRun();
  if (!drivers) return names;
  return names.flatMap((name): WorldName[] =>
    name === 'sqlite' ? [name, 'sqljs'] : name === 'mariadb' ? [name, 'mysql-on-mariadb'] : [name],
  );
}

/** A `describe` for each database, with an audited data source that all of its tests share. */
export function describeWorlds(
  title: string,
  options: WorldOptions,
  body: (world: () => World, name: WorldName) => void,
  names: readonly WorldName[] = worldNames(),
): void {
  const present = names.filter((name) => databasesOfThisRun().includes(serverOf(name)));
  if (present.length === 0) return skipForWantOfServers(title);
  describe(title, () => {
    describe.each(present)('%s', (name) => {
      let world: World;
      beforeAll(async () => {
        world = await openWorld(name, options);
      });
      afterAll(() => world?.close());
      body(() => world, name);
    });
  });
}

/** @param audited whether its writes are recorded; else it shows what TypeORM does by itself */
export async function openWorld(name: WorldName, options: WorldOptions, audited = true): Promise<World> {
  const database = await createDatabase(serverOf(name));
  const statements: string[] = [];
  const dataSource = new DataSource({
    ...optionsOf(name, database),
    ...options,
    synchronize: true,
    logger: loggerInto(statements),
  } as DataSourceOptions);
  await dataSource.initialize();
  const context = new AuditContext();
  const detach = audited ? attachCapture(dataSource, {}, context) : () => undefined;
  const clear = await resetOf(name, dataSource);
  return {
    name,
    dataSource,
    manager: dataSource.manager,
    context,
    statements,
    detach,
    reset: async () => {
      await clear();
      statements.length = 0;
    },
    close: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
      await database.drop();
    },
  };
}

/** Every table, revisions too, by name; of a single-table inheritance only the root's. */
export function tablesOf(dataSource: DataSource): EntityMetadata[] {
  return dataSource.entityMetadatas.filter(
    ({ tableType }) => tableType !== 'entity-child' && tableType !== 'view',
  );
}

/** What the tables hold: all of them, or those that were there before there was an audit. */
export async function contentsOf(
  { dataSource }: World,
  { revisions }: { revisions: boolean },
): Promise<Record<string, unknown[]>> {
  const plans = auditPlansOf(dataSource);
  const contents: Record<string, unknown[]> = {};
  for (const metadata of tablesOf(dataSource)) {
    if (!revisions && plans.isRevision(metadata)) continue;
    const order = metadata.primaryColumns
      .map((column) => dataSource.driver.escape(column.databaseName))
      .join(', ');
    contents[metadata.tableName] = await dataSource.query(
      `SELECT * FROM ${dataSource.driver.escape(metadata.tableName)} ORDER BY ${order}`,
    );
  }
  return contents;
}

function serverOf(name: WorldName): DatabaseName {
  return name === 'sqljs' ? 'sqlite' : name === 'mysql-on-mariadb' ? 'mariadb' : name;
}

function optionsOf(name: WorldName, { options }: TestDatabase): object {
  if (name === 'sqljs') return { type: 'sqljs' };
  if (name === 'mysql-on-mariadb') return { ...options, type: 'mysql' };
  return options;
}

function loggerInto(statements: string[]): Logger {
  return {
    logQuery: (query) => void statements.push(query),
    logQueryError: () => undefined,
    logQuerySlow: () => undefined,
    logSchemaBuild: () => undefined,
    logMigration: () => undefined,
    log: () => undefined,
  };
}

// DELETE, as a TRUNCATE of a handful of rows makes files anew and takes ten times as long.
async function resetOf(name: WorldName, dataSource: DataSource): Promise<() => Promise<void>> {
  const tables = tablesOf(dataSource).map(({ tableName }) => dataSource.driver.escape(tableName));
  const deletes = tables.map((table) => `DELETE FROM ${table}`);
  if (name === 'postgres') {
    const sequences = await dataSource.query<{ name: string }[]>(
      `SELECT sequencename AS name FROM pg_sequences`,
    );
    const restarts = sequences.map(({ name: sequence }) => `SELECT setval('"${sequence}"', 1, false)`);
    const all = [
      'SET session_replication_role = replica',
      ...deletes,
      ...restarts,
      'RESET session_replication_role',
    ];
    return () => dataSource.query(all.join('; '));
  }
  const foreignKeys =
    serverOf(name) === 'sqlite'
      ? ['PRAGMA foreign_keys = 0', 'PRAGMA foreign_keys = 1']
      : ['SET foreign_key_checks = 0', 'SET foreign_key_checks = 1'];
  const restarts =
    serverOf(name) === 'sqlite'
      ? await sqliteRestarts(dataSource)
      : tablesOf(dataSource)
          .filter(({ generatedColumns }) =>
            generatedColumns.some((column) => column.generationStrategy === 'increment'),
          )
          .map(({ tableName }) => `ALTER TABLE \`${tableName}\` AUTO_INCREMENT = 1`);
  return async () => {
    const runner = dataSource.createQueryRunner();
    try {
      // One commit for all.
      const inTransaction = ['BEGIN', ...deletes, 'COMMIT'];
      for (const statement of [foreignKeys[0], ...inTransaction, ...restarts, foreignKeys[1]])
        await runner.query(statement);
    } finally {
      await runner.release();
    }
  };
}

async function sqliteRestarts(dataSource: DataSource): Promise<string[]> {
  const found = await dataSource.query<unknown[]>(
    `SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'`,
  );
  return found.length > 0 ? ['DELETE FROM sqlite_sequence'] : [];
}
