import { DataSource, type DataSourceOptions, type MigrationInterface, type QueryRunner } from 'typeorm';
import { attachAudit, type AttachedAudit } from '../../../src/attach-audit.js';
import { type TestDatabase } from '../servers/databases.js';
import { itemOf, type Version } from './version.js';

/** A statement of a generated migration. */
export interface Statement {
  readonly query: string;
  readonly parameters?: unknown[];
}

/** A generated migration, with the statements of each way in the order in which they run. */
export interface Migration {
  readonly up: readonly Statement[];
  readonly down: readonly Statement[];
}

/** A database that is opened with one version of the entity after another. */
export class VersionDatabase {
  constructor(private readonly database: TestDatabase) {}

  /** Runs something with a version's data source, and with the library unless the version has no `@Audited()`. */
  async opened<T>(
    version: Version,
    options: Partial<DataSourceOptions>,
    run: (dataSource: DataSource, item: new () => any, audit: AttachedAudit) => Promise<T>,
  ): Promise<T> {
    const item = itemOf(version);
    const dataSource = await this.open(item, options);
    const audit = attachAudit(dataSource, { maskKey: 'a key of this test, thirty-two bytes or more' });
    try {
      return await run(dataSource, item, audit);
    } finally {
      audit.detach();
      await dataSource.destroy();
    }
  }

  /** Runs something with the data source of a version that has no `@Audited()`. */
  async unaudited<T>(
    version: Version,
    run: (dataSource: DataSource, item: new () => any) => Promise<T>,
  ): Promise<T> {
    const item = itemOf(version, false);
    const dataSource = await this.open(item, {});
    try {
      return await run(dataSource, item);
    } finally {
      await dataSource.destroy();
    }
  }

  /** What TypeORM generates for a version. */
  async generate(dataSource: DataSource): Promise<Migration> {
    const { upQueries, downQueries } = await dataSource.driver.createSchemaBuilder().log();
    return { up: upQueries, down: [...downQueries].reverse() };
  }

  /** Runs a migration, or reverts it, with the data source of the version that it leads to. */
  async migrate(
    item: new () => any,
    { up, down }: Migration,
    number: number,
    way: 'up' | 'down',
  ): Promise<void> {
    const run = async (queryRunner: QueryRunner, statements: readonly Statement[]): Promise<void> => {
      for (const { query, parameters } of statements) await queryRunner.query(query, parameters);
    };
    class Generated implements MigrationInterface {
      name = `Generated${1700000000000 + number}`;
      up = (queryRunner: QueryRunner) => run(queryRunner, up);
      down = (queryRunner: QueryRunner) => run(queryRunner, down);
    }
    const dataSource = await this.open(item, { migrations: [Generated] });
    try {
      await (way === 'up' ? dataSource.runMigrations() : dataSource.undoLastMigration());
    } finally {
      await dataSource.destroy();
    }
  }

  private async open(item: new () => any, options: Partial<DataSourceOptions>): Promise<DataSource> {
    const all = { ...this.database.options, ...options, entities: [item] } as DataSourceOptions;
    return new DataSource(all).initialize();
  }
}
