import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { type AuditOperation } from '../../../src/revision/revision-columns.js';
import { expectInvariants } from '../assertions/invariants.js';
import { CELLS, tablesOnPage, titleOf } from '../docs/write-paths-page.js';
import { failRevisions, installFailure } from '../faults/failing-revisions.js';
import { watchOverlaps } from '../faults/overlapping-queries.js';
import {
  contentsOf,
  describeWorlds,
  openWorld,
  type World,
  type WorldName,
  worldNames,
} from './write-worlds.js';

/** A key is a number or text, or an array of them. */
export type ExpectedRevision = readonly [
  table: string,
  operation: AuditOperation,
  key: unknown,
  version: number,
];

/** One way to write through TypeORM, and what becomes of it. */
export interface WritePath {
  /** The call, as docs/write-paths.md shows it. */
  readonly name: string;
  /** The databases that have it. @default all */
  readonly on?: readonly WorldName[];
  /** Whether this version of TypeORM has it. @default true */
  readonly needs?: boolean;
  /** What is there before, recorded too. */
  readonly before?: (world: World) => Promise<unknown>;
  /** @returns what the caller gets, which has to be what it gets without audit */
  readonly write: (world: World) => Promise<unknown>;
  /** What it adds to the history; nothing where nothing changes. */
  readonly revisions?: readonly ExpectedRevision[] | ((name: WorldName) => readonly ExpectedRevision[]);
  /** How many database transactions the revisions are of. @default 1 */
  readonly transactions?: number;
  /** It is refused with this error, and nothing is stored. */
  readonly refused?: new (...args: never[]) => Error;
  /** It is not recorded, by the caller's wish. */
  readonly unrecorded?: true;
  /** It catches the error of a write that can't be recorded, and what it does then is tested elsewhere. */
  readonly survives?: true;
}

/** The beginnings of the tests' names, by what becomes of a path: the matrix is made from them. */
export const OUTCOMES = {
  recorded: 'records',
  quiet: 'adds no revision for',
  refused: 'refuses',
  unrecorded: 'leaves out',
  atomic: 'undoes, when its revisions can’t be written,',
} as const;

/** The beginning of the suites' names. */
export const SUITE = 'Write paths: ';

/**
 * The suite of a theme: each path on each database, and each once more with revisions that can't be written.
 *
 * @param options `drivers`: with TypeORM's other drivers for the same databases too
 */
export function describePaths(
  theme: string,
  entities: (new () => object)[],
  paths: readonly WritePath[],
  { subscribers = [], drivers = false }: { subscribers?: (new () => object)[]; drivers?: boolean } = {},
): void {
  const options = { entities, subscribers };
  describeWorlds(
    `${SUITE}${theme}`,
    options,
    (world, name) => {
      let plain: World;
      beforeAll(async () => {
        await installFailure(world());
        plain = await openWorld(name, options, false);
      });
      afterAll(() => plain?.close());

      it('is in docs/write-paths.md as it is here: else run `npm run coverage:paths`', () => {
        const shown = [...(tablesOnPage().get(titleOf(theme)) ?? [])]
          .map(([path, cells]) => [path, cells[name]])
          .filter(([, cell]) => cell !== undefined);
        const expected = pathsOn(name, paths).map((path) => [path.name, CELLS[outcomeOf(path, name)]]);
        expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(expected));
      });

      for (const path of pathsOn(name, paths)) {
        const outcome = outcomeOf(path, name);
        it(`${OUTCOMES[outcome]} ${path.name}`, () => run(outcome, path, world(), plain));
        if (outcome === 'recorded' && !path.survives)
          it(`${OUTCOMES.atomic} ${path.name}`, () => expectUndone(path, world()));
      }
    },
    drivers ? driverWorlds() : worldNames(),
  );
}

/** MySQL says of TypeORM's driver `mysql` what MariaDB says again, at length: see `npm run test:long`. */
function driverWorlds(): WorldName[] {
  const isSaidTwice = process.env.LONG_TESTS !== 'true' && worldNames().includes('mysql');
  return worldNames(true).filter((name) => !isSaidTwice || name !== 'mysql-on-mariadb');
}

function pathsOn(name: WorldName, paths: readonly WritePath[]): WritePath[] {
  return paths.filter(({ on, needs }) => (!on || on.includes(name)) && needs !== false);
}

type Outcome = Exclude<keyof typeof OUTCOMES, 'atomic'>;

function outcomeOf(path: WritePath, name: WorldName): Outcome {
  if (path.refused) return 'refused';
  if (path.unrecorded) return 'unrecorded';
  return revisionsOn(path, name).length > 0 ? 'recorded' : 'quiet';
}

function revisionsOn({ revisions = [] }: WritePath, name: WorldName): readonly ExpectedRevision[] {
  return typeof revisions === 'function' ? revisions(name) : revisions;
}

async function run(outcome: Outcome, path: WritePath, world: World, plain: World): Promise<void> {
  await prepare(path, world);
  if (outcome === 'refused') {
    const before = await contentsOf(world, { revisions: true });
    await expect(write(path, world)).rejects.toThrow(path.refused);
    expect(await contentsOf(world, { revisions: true })).toEqual(before);
    return expectInvariants(world.dataSource);
  }
  const known = new Set((await revisionsIn(world)).map(({ id }) => id));
  const [result, overlaps] = await watched(path, world);
  const added = (await revisionsIn(world)).filter(({ id }) => !known.has(id));
  const expected = revisionsOn(path, world.name);
  expect(added.map(({ row }) => row).sort(byText)).toEqual(expected.map(asText).sort(byText));
  expect(added.filter(({ actor }) => actor !== 'ann')).toEqual([]);
  expect(new Set(added.map(({ transaction }) => transaction)).size).toBe(
    path.transactions ?? Math.min(expected.length, 1),
  );
  if (outcome !== 'unrecorded') await expectInvariants(world.dataSource);

  await prepare(path, plain);
  const [plainResult, plainOverlaps] = await watched(path, plain);
  expect(comparable(result)).toStrictEqual(comparable(plainResult));
  expect(overlaps > 0).toBe(plainOverlaps > 0);
  expect(comparable(await contentsOf(world, { revisions: false }))).toEqual(
    comparable(await contentsOf(plain, { revisions: false })),
  );
}

async function expectUndone(path: WritePath, world: World): Promise<void> {
  await prepare(path, world);
  const before = await contentsOf(world, { revisions: true });
  await failRevisions(world, async () => {
    await expect(write(path, world)).rejects.toThrow();
  });
  expect(await contentsOf(world, { revisions: true })).toEqual(before);
}

async function prepare(path: WritePath, world: World): Promise<void> {
  await world.reset();
  await world.context.run({ actor: 'before' }, async () => path.before?.(world));
}

function write(path: WritePath, world: World): Promise<unknown> {
  return world.context.run({ actor: 'ann' }, () => path.write(world));
}

/** What a write gives, and how often it made PostgreSQL's driver queue. */
async function watched(path: WritePath, world: World): Promise<[unknown, number]> {
  const overlaps = watchOverlaps();
  try {
    return [await write(path, world), overlaps.count];
  } finally {
    overlaps.stop();
  }
}

interface StoredRevision {
  id: string;
  actor: string | null;
  transaction: string;
  row: string;
}

async function revisionsIn({ dataSource }: World): Promise<StoredRevision[]> {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const all: StoredRevision[] = [];
  for (const { revision, metadata, keys } of auditPlansOf(dataSource).all) {
    const names = keys.map(({ databaseName }) => databaseName);
    const rows = await dataSource.query<Record<string, unknown>[]>(
      `SELECT rev_id, rev_actor, rev_transaction, rev_operation, rev_version, ${names.map(escape).join(', ')} ` +
        `FROM ${escape(revision.tableName)}`,
    );
    for (const row of rows)
      all.push({
        id: row.rev_id as string,
        actor: row.rev_actor as string | null,
        transaction: row.rev_transaction as string,
        row: asText([
          metadata.tableName,
          row.rev_operation as AuditOperation,
          names.map((name) => row[name]),
          Number(row.rev_version),
        ]),
      });
  }
  return all;
}

function asText([table, operation, key, version]: ExpectedRevision): string {
  return `${table} ${[key].flat().join(',')}: ${version} ${operation}`;
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d/;

// Two runs differ in the time, in the keys that chance makes, and in mysql2's flag that a transaction is open.
function comparable(value: unknown): unknown {
  if (value instanceof Date || (typeof value === 'string' && TIME.test(value))) return 'a time';
  if (typeof value === 'string' && UUID.test(value)) return 'a uuid';
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'serverStatus')
      .map(([name, member]) => [name, comparable(member)]),
  );
}
