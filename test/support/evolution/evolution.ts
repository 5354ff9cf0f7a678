import { DataSource, type DataSourceOptions, type MigrationInterface, type QueryRunner } from 'typeorm';
import { attachAudit, type AttachedAudit } from '../../../src/attach-audit.js';
import { dialectOf } from '../../../src/dialect/dialect-of.js';
import { type TestDatabase } from '../servers/databases.js';
import { itemOf, type Kind, type Version } from './kinds.js';

/** How a migration goes: as TypeORM generates it, or with the lines mended by hand that empty a column. */
export type Variant = 'as generated' | 'mended';

/** What is checked of a version after a migration. Each check answers in words, or with nothing. */
export type Check =
  'values' | 'verify' | 'quiet' | 'blame' | 'past' | 'timeline' | 'diff' | 'restore' | 'empty';

/** When it is checked. */
type Stage = 'up' | 'down' | 'up again';

/** A check that failed. */
export interface Failure {
  readonly stage: Stage;
  readonly check: Check;
  readonly found: string;
  /** Whether a statement of TypeORM's had emptied a column of the entity's table. */
  readonly isEmptied: boolean;
}

interface Statement {
  readonly query: string;
  readonly parameters?: unknown[];
}

interface Migration {
  readonly up: readonly Statement[];
  readonly down: readonly Statement[];
}

type Row = Record<string, unknown>;

/** Plays a kind of migration on a database: up, down and up again, with a look and some writes after each. */
export class Evolution {
  readonly failures: Failure[] = [];
  readonly statements: string[] = [];
  private recorded: Row[] = [];
  private titles = 0;

  constructor(
    private readonly database: TestDatabase,
    private readonly kind: Kind,
    private readonly variant: Variant,
  ) {}

  async play(): Promise<void> {
    const { before, after } = this.kind;
    await this.opened(before, { dropSchema: true, synchronize: true }, async (dataSource, item, audit) => {
      await this.write(dataSource, item, audit);
    });
    const migration = await this.generate(after);
    await this.migrate(after, migration, 'up');
    await this.look(after, 'up');
    await this.migrate(after, migration, 'down');
    await this.look(before, 'down');
    await this.migrate(after, migration, 'up');
    await this.look(after, 'up again');
  }

  /** What TypeORM generates without the library. Only right before `play()` has migrated. */
  async generateAlone(version: Version): Promise<string[]> {
    const item = itemOf(version, false);
    const dataSource = await this.open(item, {});
    try {
      return (await dataSource.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);
    } finally {
      await dataSource.destroy();
    }
  }

  private async write(
    dataSource: DataSource,
    item: new () => any,
    { history }: AttachedAudit,
  ): Promise<void> {
    const items = dataSource.getRepository<Row>(item);
    const [first, second] = this.kind.rows;
    await items.insert({ id: 1, title: 'first', ...first });
    await items.insert({ id: 2, title: 'other', ...second });
    await items.update({ id: 1 }, { title: this.nextTitle(), ...second });
    await history.latest(item, 1);
    this.recorded = await this.revisions(dataSource);
  }

  private async generate(version: Version): Promise<Migration> {
    const alone = await this.generateAlone(version);
    return this.opened(version, {}, async (dataSource) => {
      const { upQueries, downQueries } = await dataSource.driver.createSchemaBuilder().log();
      this.statements.push(...upQueries.map(({ query }) => query));
      if (!version.options?.renamed) {
        const theirs = this.statements.filter((query) => !/item_rev|audit_/.test(query));
        if (theirs.join('\n') !== alone.join('\n'))
          throw new Error(`TypeORM alone:\n${alone.join('\n')}\nwith the library:\n${theirs.join('\n')}`);
      }
      const migration = { up: upQueries, down: [...downQueries].reverse() };
      return this.variant === 'mended' ? this.mend(dataSource, migration) : migration;
    });
  }

  // In place of a DROP and an ADD of a column of the entity's own table, its type is changed.
  private async mend(dataSource: DataSource, migration: Migration): Promise<Migration> {
    const columns = this.kind.emptied?.[this.database.name] ?? [];
    const before = await this.open(itemOf(this.kind.before), {});
    try {
      const { renamed = {} } = this.kind.after.options ?? {};
      const formerly = (name: string): string =>
        Object.keys(renamed).find((former) => renamed[former] === name) ?? name;
      const mended = (
        queries: readonly Statement[],
        of: DataSource,
        nameIn: typeof formerly,
      ): Statement[] => {
        const { metadata } = of.getRepository(of.entityMetadatas[0].target);
        const { schema } = dialectOf(of);
        const changes = columns.flatMap((name) => {
          const column = metadata.findColumnWithDatabaseName(nameIn(name))!;
          const place = { tablePath: metadata.tablePath, column: column.databaseName };
          return schema.widenColumn!(place, schema.columnType(column), column.isNullable);
        });
        const isOf = ({ query }: Statement): boolean =>
          columns.some((name) =>
            new RegExp(`^ALTER TABLE [\`"]item[\`"] (DROP COLUMN|ADD) [\`"]${name}[\`"]`).test(query),
          );
        return [...queries.filter((query) => !isOf(query)), ...changes.map((query) => ({ query }))];
      };
      return {
        up: mended(migration.up, dataSource, (name) => name),
        down: mended(migration.down, before, formerly),
      };
    } finally {
      await before.destroy();
    }
  }

  private async migrate(version: Version, { up, down }: Migration, way: 'up' | 'down'): Promise<void> {
    const run = async (queryRunner: QueryRunner, statements: readonly Statement[]): Promise<void> => {
      for (const { query, parameters } of statements) await queryRunner.query(query, parameters);
    };
    class Generated1700000000000 implements MigrationInterface {
      up = (queryRunner: QueryRunner) => run(queryRunner, up);
      down = (queryRunner: QueryRunner) => run(queryRunner, down);
    }
    const dataSource = await this.open(itemOf(version), { migrations: [Generated1700000000000] });
    try {
      await (way === 'up' ? dataSource.runMigrations() : dataSource.undoLastMigration());
    } finally {
      await dataSource.destroy();
    }
  }

  private async look(version: Version, stage: Stage): Promise<void> {
    await this.opened(version, {}, async (dataSource, item, audit) => {
      const check = async (name: Check, run: () => Promise<string | undefined>): Promise<void> => {
        const found = await run().catch((error: Error) => error.message);
        if (found !== undefined) this.failures.push({ stage, check: name, found, isEmptied });
      };
      const isEmptied = this.isEmptied(stage);
      const { history, maintenance } = audit;
      const items = dataSource.getRepository<Row>(item);
      await audit.checkTables();
      await check('empty', async () => {
        const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
        return upQueries.map(({ query }) => query).join('\n') || undefined;
      });
      await check('values', async () => this.lost(await this.revisions(dataSource)));
      await check('verify', async () => {
        const { ok, findings, unknown = [], emptied = [] } = await maintenance.verify();
        if (!ok) return JSON.stringify(findings);
        return isEmptied && unknown.length + emptied.length === 0 ? 'the loss is not reported' : undefined;
      });
      await check('quiet', async () => {
        const { title } = (await items.findOneBy({ id: 2 }))!;
        const count = (await this.revisions(dataSource)).length;
        await items.update({ id: 2 }, { title });
        const more = (await this.revisions(dataSource)).length - count;
        return more === 0 ? undefined : `${more} revisions`;
      });
      await check('blame', async () => {
        await items.update({ id: 1 }, { title: this.nextTitle() });
        const { changes } = (await history.latest(item, 1))!;
        const properties = changes.map(({ property }) => property);
        return properties.join() === 'title' ? undefined : JSON.stringify(changes);
      });
      await check('timeline', async () => {
        const { items: found } = await history.timeline(item, 1);
        return found.at(-1)?.snapshot?.title === 'first' ? undefined : JSON.stringify(found.at(-1));
      });
      await check('diff', async () => {
        const changes = await history.diff(item, 1, 1, 2);
        return changes.some(({ property }) => property === 'title') ? undefined : JSON.stringify(changes);
      });
      await check('past', async () => {
        const first = (await history.revision(item, 1, 1))!;
        const found = await history.at(first).findOne<Row>(item, { where: { id: 1 } });
        return found?.title === 'first' ? undefined : JSON.stringify(found);
      });
      await check('restore', async () => {
        const restored = await history.restore(item, 1, 1, { dryRun: true });
        return restored?.snapshot?.title === 'first' ? undefined : JSON.stringify(restored);
      });
      this.recorded = await this.revisions(dataSource);
    });
  }

  // A column that was dropped comes back empty.
  private isEmptied(stage: Stage): boolean {
    const { before, after, emptied } = this.kind;
    const renamed = after.options?.renamed ?? {};
    const comesBack = Object.keys(before.columns).some(
      (name) => !(name in after.columns) && !(name in renamed),
    );
    return (
      (this.variant === 'as generated' && !!emptied?.[this.database.name]) || (stage === 'down' && comesBack)
    );
  }

  /** What of the recorded values isn't in its revision any more. */
  private lost(revisions: readonly Row[]): string | undefined {
    const lost = this.recorded.flatMap((before) => {
      const now = revisions.find(({ rev_id }) => rev_id === before.rev_id);
      if (!now) return [`revision ${String(before.rev_id)}`];
      const values = new Set(Object.values(now).map(comparable));
      return Object.entries(before)
        .filter(([name, value]) => value !== null && name !== 'gone' && !values.has(comparable(value)))
        .map(([name, value]) => `${name} ${comparable(value)} of version ${String(before.rev_version)}`);
    });
    return lost.length > 0 ? lost.join(', ') : undefined;
  }

  private revisions(dataSource: DataSource): Promise<Row[]> {
    return dataSource.query('SELECT * FROM item_rev ORDER BY id, rev_version');
  }

  private nextTitle(): string {
    return `title ${++this.titles}`;
  }

  private async opened<T>(
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

  private async open(item: new () => any, options: Partial<DataSourceOptions>): Promise<DataSource> {
    const all = { ...this.database.options, ...options, entities: [item] } as DataSourceOptions;
    return new DataSource(all).initialize();
  }
}

// The number of digits behind the point is the type's.
function comparable(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return String(Number(value));
  if (typeof value === 'number') return String(value);
  return JSON.stringify(value);
}
