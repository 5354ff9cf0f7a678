import { expect } from '@jest/globals';
import {
  DataSource,
  type DataSourceOptions,
  type EntitySchema,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { attachAudit, type AttachedAudit } from '../../../src/attach-audit.js';
import { expectInvariants } from '../assertions/invariants.js';
import { statementsWith } from '../docs/migrations-page.js';
import { type DatabaseName, type TestDatabase } from '../servers/databases.js';

type Row = Record<string, unknown>;
type Entities = readonly ((new () => any) | EntitySchema)[];

/** PostgreSQL's words for UUIDs, on other databases. */
const UUIDS: Readonly<Record<DatabaseName, readonly [type: string, value: string]>> = {
  postgres: ['uuid', 'gen_random_uuid()'],
  mariadb: ['uuid', 'uuid()'],
  mysql: ['varchar(36)', 'uuid()'],
  sqlite: [
    'varchar(36)',
    `lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`,
  ],
};

/** A version of an application, running. */
export interface Version {
  readonly dataSource: DataSource;
  readonly audit: AttachedAudit;
}

/** Versions of an application one after another on one database, with migrations between them. */
export class Versions {
  private current: DataSource | undefined;

  constructor(
    private readonly database: TestDatabase,
    private readonly options: Partial<DataSourceOptions> = {},
  ) {}

  /** Ends the version before, and starts one. */
  async start(entities: Entities, options: Partial<DataSourceOptions> = {}): Promise<Version> {
    const dataSource = await this.open(entities, options);
    return { dataSource, audit: attachAudit(dataSource) };
  }

  /** Ends the version before, and runs a migration as the next version's CLI does. */
  async migrate(
    entities: Entities,
    migration: new () => MigrationInterface,
    way: 'up' | 'down' = 'up',
    options: Partial<DataSourceOptions> = {},
  ): Promise<void> {
    const dataSource = await this.open(entities, { ...options, migrations: [migration] });
    await (way === 'up' ? dataSource.runMigrations() : dataSource.undoLastMigration());
    await this.end();
  }

  /** The statements of `migration:generate` for a version. */
  async generate(entities: Entities, options: Partial<DataSourceOptions> = {}): Promise<string[]> {
    const dataSource = await this.open(entities, options);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await this.end();
    return upQueries.map(({ query }) => query);
  }

  /**
   * Runs the migration that is generated for a version.
   *
   * @param mend what is done by hand to its statements
   */
  async migrateGenerated(
    entities: Entities,
    mend: (generated: readonly string[]) => readonly string[] = (generated) => generated,
    options: Partial<DataSourceOptions> = {},
  ): Promise<void> {
    const statements = mend(await this.generate(entities, options));
    const migration = migrationOf('Generated', (queryRunner) => run(queryRunner, statements));
    await this.migrate(entities, migration, 'up', options);
  }

  /** A block of the documentation's SQL, which is PostgreSQL's, for this database. @param part what only this block has */
  statementsOf(part: string): string[] {
    const { name } = this.database;
    const [type, value] = UUIDS[name];
    const quote = name === 'mariadb' || name === 'mysql' ? '`' : '"';
    return statementsWith(part)
      .map((statement) => statement.replaceAll('gen_random_uuid()', value).replace(/\buuid\b(?!\()/g, type))
      .map((statement) => (statement.startsWith('ALTER') ? statement.replaceAll('"', quote) : statement));
  }

  async end(): Promise<void> {
    if (this.current?.isInitialized) await this.current.destroy();
  }

  private async open(entities: Entities, options: Partial<DataSourceOptions>): Promise<DataSource> {
    await this.end();
    const all = { ...this.database.options, ...this.options, ...options, entities } as DataSourceOptions;
    return (this.current = await new DataSource(all).initialize());
  }
}

/** Runs statements one after another. */
export async function run(queryRunner: QueryRunner, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await queryRunner.query(statement);
}

let migrations = 0;

/** A migration without a way back. */
export function migrationOf(
  name: string,
  up: (queryRunner: QueryRunner) => Promise<void>,
): new () => MigrationInterface {
  class Migration implements MigrationInterface {
    // TypeORM takes the moment from the end of the name.
    readonly name = `${name}${1_700_000_000_000 + ++migrations}`;
    up = up;
    async down() {}
  }
  return Migration;
}

/** All rows of a revision table, as they are stored. */
export function storedIn({ dataSource }: Version, table: string): Promise<Row[]> {
  const name = table
    .split('.')
    .map((part) => dataSource.driver.escape(part))
    .join('.');
  return dataSource.query(`SELECT * FROM ${name} ORDER BY rev_id`);
}

/** Expects that a migration left nothing to do and nothing to find, and that no revision was added or has lost a value. */
export async function expectKept(
  version: Version,
  table: string,
  before: readonly Row[],
  options?: Parameters<typeof expectInvariants>[1],
): Promise<void> {
  const { dataSource, audit } = version;
  await audit.checkTables();
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  expect(upQueries.map(({ query }) => query)).toEqual([]);
  expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  await expectInvariants(dataSource, options);
  const now = await storedIn(version, table);
  expect(now.map(({ rev_id }) => rev_id)).toEqual(before.map(({ rev_id }) => rev_id));
  const lost = before.flatMap((row, at) => {
    const values = new Set(Object.values(now[at]).map((value) => JSON.stringify(value)));
    return Object.entries(row).filter(([, value]) => !values.has(JSON.stringify(value)));
  });
  expect(lost).toEqual([]);
}
