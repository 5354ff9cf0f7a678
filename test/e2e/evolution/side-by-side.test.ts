import { type ChildProcess, execFile, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { attachAudit, Audited } from 'nestjs-typeorm-audit';
import { DataSource, EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import {
  createDatabase,
  databasesOfThisRun,
  skipForWantOfServers,
  type TestDatabase,
} from '../../support/servers/databases.js';

type Columns = Record<string, EntitySchemaColumnOptions>;

/** Two versions of an entity, and the columns that each writes. */
interface Kind {
  readonly title: string;
  readonly before: Columns;
  readonly after: Columns;
}

const text: EntitySchemaColumnOptions = { type: 'varchar', length: 40, nullable: true };
const base: Columns = { id: { type: 'int', primary: true }, title: { ...text, nullable: false } };

const KINDS: readonly Kind[] = [
  { title: 'a nullable column added', before: base, after: { ...base, note: text } },
  {
    title: 'a NOT NULL column with a default added',
    before: base,
    after: { ...base, status: { ...text, nullable: false, default: 'new' } },
  },
  {
    title: 'two columns added, one with a computed default',
    before: base,
    after: { ...base, note: text, size: { type: 'int', default: () => '(1 + 1)' } },
  },
  { title: 'a column dropped', before: { ...base, legacy: text }, after: base },
  { title: 'a column renamed', before: { ...base, label: text }, after: { ...base, caption: text } },
  {
    title: 'NOT NULL taken off',
    before: { ...base, status: { ...text, nullable: false, default: 'new' } },
    after: { ...base, status: { ...text, default: 'new' } },
  },
];

/** When the migration runs: before the old version starts, between the starts, or after both. */
const MOMENTS = ['before', 'between', 'after'] as const;

const isLong = process.env.LONG_TESTS === 'true';

/** How long both versions write after the migration, in milliseconds. */
const DURATION = isLong ? 20_000 : 500;
const ROWS = 20;

const servers = databasesOfThisRun().filter((name) => name !== 'sqlite');

/** Each kind on each server at each moment, or each kind once. */
const cases = KINDS.flatMap((kind, n) =>
  servers.flatMap((server, s) =>
    MOMENTS.filter((_, m) => isLong || (s === n % servers.length && m === n % MOMENTS.length)).map(
      (moment) => ({ ...kind, server, moment }),
    ),
  ),
);

if (servers.length === 0) skipForWantOfServers('two versions of an application');
else {
  let build: string;
  // The versions are processes of their own, and Node doesn't run TypeScript.
  beforeAll(async () => {
    build = await mkdtemp(join(process.cwd(), 'node_modules', '.audit-versions-'));
    await writeFile(join(build, 'package.json'), '{"type":"module"}');
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', build]);
  }, 120_000);
  afterAll(() => rm(build, { recursive: true, force: true }));

  describe('two versions of an application write the same rows', () => {
    it.each(cases)(
      '$title, with the migration $moment the starts ($server)',
      async ({ before, after, server, moment }) => {
        const database = await createDatabase(server);
        try {
          await play(database, before, after, moment);
        } finally {
          await database.drop();
        }
      },
      60_000 + DURATION * 3,
    );
  });

  async function play(
    database: TestDatabase,
    before: Columns,
    after: Columns,
    moment: (typeof MOMENTS)[number],
  ): Promise<void> {
    await opened(database, before, true, async (dataSource, item) => {
      const rows = Array.from({ length: ROWS }, (_, n) => ({ id: n + 1, title: `row ${n}` }));
      await dataSource.getRepository(item).insert(rows);
    });
    const start = (version: 'old' | 'new'): Promise<Writer> =>
      Writer.start(build, database, version, version === 'old' ? before : after);
    const migrate = (): Promise<void> => opened(database, after, true, async () => undefined);
    if (moment === 'before') await migrate();
    const writers = [await start('old')];
    if (moment === 'between') await migrate();
    writers.push(await start('new'));
    if (moment === 'after') await migrate();
    await sleep(DURATION);
    const ended = await Promise.all(writers.map((writer) => writer.stop()));

    // The old version misses a column that is gone, and one that starts before its migration misses its new ones: they
    // can't copy rows without them. The latter looks for them in each write until they are there, and on MySQL an ALTER
    // TABLE may come between such a look and the write. docs/migrations.md says so.
    const without = (columns: Columns, others: Columns): string[] =>
      Object.keys(columns).filter((column) => !(column in others));
    const absent = [...without(before, after), ...(moment === 'after' ? without(after, before) : [])];
    const isOfAbsent = (error: string): boolean =>
      /does not exist|Unknown column/.test(error) && absent.some((column) => error.includes(column));
    const isBetween = (error: string): boolean =>
      moment === 'after' && /^Table definition has changed/.test(error);
    const others = ended
      .flatMap(({ errors }) => errors)
      .filter((error) => !isOfOwnTable(error) && !isOfAbsent(error) && !isBetween(error));
    expect([...new Set(others)]).toEqual([]);
    await opened(database, after, false, async (dataSource, item) => {
      const { history, maintenance } = attachAudit(dataSource);
      expect(await maintenance.verify()).toMatchObject({ ok: true, findings: [] });
      const recorded = new Map<string, string[][]>();
      for (let id = 1; id <= ROWS; id++)
        for await (const { reason, changes } of revisionsOf(history, item, id))
          if (reason !== null)
            recorded.set(reason, [...(recorded.get(reason) ?? []), changes.map(({ property }) => property)]);
      const properties = Object.keys(after);
      for (const { column, reason } of ended.flatMap(({ done }) => done)) {
        const property = column in after ? [column] : column === 'label' ? ['caption'] : [];
        expect({ reason, changes: recorded.get(reason) }).toEqual({ reason, changes: [property] });
        for (const changed of property) expect(properties).toContain(changed);
      }
    });
  }
}

function isOfOwnTable(error: string): boolean {
  return !/_rev|audit_/.test(error) && /does not exist|Unknown column|doesn't exist/i.test(error);
}

type History = ReturnType<typeof attachAudit>['history'];

async function* revisionsOf(history: History, item: new () => object, id: number) {
  let cursor: string | undefined;
  do {
    const page = await history.timeline(item, id, { limit: 200, cursor });
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

async function opened(
  { options }: TestDatabase,
  columns: Columns,
  synchronize: boolean,
  use: (dataSource: DataSource, item: new () => object) => Promise<void>,
): Promise<void> {
  class Item {}
  const schema = new EntitySchema({ name: 'Item', target: Item, tableName: 'item', columns });
  Audited()(Item);
  const dataSource = await new DataSource({ ...options, entities: [schema], synchronize }).initialize();
  try {
    const audit = attachAudit(dataSource);
    if (synchronize) await audit.checkTables();
    await use(dataSource, Item);
  } finally {
    await dataSource.destroy();
  }
}

interface Ended {
  readonly done: readonly { readonly id: number; readonly column: string; readonly reason: string }[];
  readonly errors: readonly string[];
}

/** A version of the application, a process of its own. */
class Writer {
  private constructor(private readonly child: ChildProcess) {}

  static async start(
    build: string,
    { options }: TestDatabase,
    version: 'old' | 'new',
    columns: Columns,
  ): Promise<Writer> {
    const written = Object.keys(columns).filter((column) => columns[column].type === 'varchar');
    // A function doesn't travel, and the writers don't need its default.
    const child = fork(join('test', 'support', 'evolution', 'version-writer.mjs'), [
      join(build, 'index.js'),
      join(process.cwd(), 'package.json'),
      JSON.stringify(options),
      JSON.stringify(columns),
      JSON.stringify(written),
      version,
    ]);
    await message(child);
    return new Writer(child);
  }

  async stop(): Promise<Ended> {
    const ended = message(this.child);
    this.child.send('stop');
    return (await ended) as Ended;
  }
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`A version has ended by itself, with ${code}.`)));
  });
}
