import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Members, TYPEORM_MEMBERS } from '../../../src/typeorm/members.js';
import { createDatabase, type DatabaseName, databasesOfThisRun } from '../../support/servers/databases.js';
import { lines } from '../../twin/project.js';
import { LATER } from './detours/child/later-typeorm.js';
import { type Detour, type Outcome, type Played } from './detours/detour.js';
import { playDetours, prepareDetours } from './detours/play-detours.js';

const MINUTES = 60_000;

const RUNNERS: Record<DatabaseName, string> = {
  sqlite: 'BetterSqlite3QueryRunner',
  postgres: 'PostgresQueryRunner',
  mariadb: 'MysqlQueryRunner',
  mysql: 'MysqlQueryRunner',
};

const FLUSH = /^(save|remove|softRemove|recover)\(\)/;
/** What stands in another query of PostgreSQL's is refused in any case. */
const WITHIN = / within /;

/**
 * What has to be refused when another library has replaced a member by a function that doesn't call ours: the start, or
 * ways to write. `nothing` is lost by the others. Whatever is not refused has to be recorded.
 */
const REFUSED: Readonly<Record<string, RegExp | 'attachAudit' | 'nothing'>> = {
  'EntityMetadataValidator.validateMany': 'attachAudit',
  'EntitySchemaTransformer.transform': 'attachAudit',
  // What it empties comes to clearTable().
  'EntityManager.clear': 'nothing',
  'SubjectExecutor.execute': FLUSH,
  'SubjectExecutor.broadcastAfterEventsForAll': FLUSH,
  // An error tells of a missing table; it only comes later.
  'MigrationExecutor.executePendingMigrations': 'nothing',
  'MigrationExecutor.undoLastMigration': 'nothing',
  'MigrationExecutor.executeMigration': 'nothing',
  // No write of rows comes to it.
  'RdbmsSchemaBuilder.executeSchemaSyncOperationsInProperOrder': 'nothing',
  'QueryBuilder.registerQueryBuilderClass': 'attachAudit',
  'QueryBuilder.obtainQueryRunner': /./,
  'SelectQueryBuilder.obtainQueryRunner': WITHIN,
  'QueryRunner.query': /./,
  'QueryRunner.release': 'nothing',
  'QueryRunner.stream': 'nothing',
  // clear() doesn't come so far.
  'QueryRunner.clearTable': 'nothing',
};

/** What is needed when a data source is initialised. */
const NEEDED_EARLY = [
  'EntityMetadataValidator.validateMany',
  'EntitySchemaTransformer.transform',
  'QueryBuilder.registerQueryBuilderClass',
];

/** Those that differ by database; the others are played on SQLite, as a process there takes seconds. */
const OF_SERVERS = /QueryRunner\.(query|clearTable|obtainQueryRunner)$|^EntityManager\.clear$/;
const WAYS_OF_SERVERS = [
  ...['save() of a new row', 'update()', 'delete() by other criteria', 'clear()'],
  ...['a transaction whose failure is caught', 'an update within a SELECT', 'a delete within an update'],
];

function detoursOn(database: DatabaseName): Detour[] {
  const members = Object.values<Members>(TYPEORM_MEMBERS)
    .filter(({ owner }) => !owner.endsWith('QueryRunner') || owner === RUNNERS[database])
    .flatMap(({ owner, wrapped }) => wrapped.map((name) => `${owner}.${name}`));
  const detours = members.flatMap((member) =>
    (['put back', 'replaced', 'wrapped'] as const).map((how): Detour => ({
      member,
      how,
      when: NEEDED_EARLY.includes(member) && how !== 'put back' ? 'before initialize' : 'after attach',
    })),
  );
  const later = Object.keys(LATER).map((member): Detour => ({
    member,
    how: 'no longer called',
    when: 'after attach',
  }));
  const alone: Detour = { member: 'nothing', how: 'left alone', when: 'after attach' };
  if (database === 'sqlite') return [alone, ...detours, ...later];
  const ofServers = detours.filter(({ member, how }) => how !== 'put back' && OF_SERVERS.test(member));
  const returning = later.filter(({ member }) => member.endsWith('createReturningExpression'));
  return [alone, ...ofServers, ...(database === 'postgres' ? returning : [])];
}

const cells = databasesOfThisRun().flatMap((database) => lines.map((line) => ({ database, line })));

describe.each(cells)('what the library wraps of TypeORM $line, on $database', ({ database, line }) => {
  let folder: string;
  let played: Played;

  // Installs TypeORM 0.3 the first time.
  beforeAll(async () => {
    folder = await prepareDetours(line);
    const { options, drop } = await createDatabase(database);
    try {
      const ways = database === 'sqlite' ? undefined : WAYS_OF_SERVERS;
      played = await playDetours(folder, { options, detours: detoursOn(database), ways });
    } finally {
      await drop();
    }
  }, 5 * MINUTES);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const outcomesOf = (...hows: Detour['how'][]) =>
    played.outcomes.filter(({ detour }) => hows.includes(detour.how));

  it('is what its table says, and nothing else', () => {
    expect(new Set(played.changed)).toEqual(new Set(played.wrapped));
  });

  it('is recorded, also where another library stands around it and calls it', () => {
    for (const { detour, outcome } of outcomesOf('left alone', 'wrapped'))
      expect({ detour, outcome: without(outcome, WITHIN) }).toEqual({
        detour,
        outcome: mapped(without(outcome, WITHIN), () => 'recorded'),
      });
  });

  it('is refused or recorded where TypeORM, or another library, goes another way', () => {
    for (const { detour, outcome } of played.outcomes) {
      const wrong = Object.entries(outcome).filter(([, what]) => !/^(recorded$|refused by )/.test(what));
      expect({ detour, wrong }).toEqual({ detour, wrong: [] });
    }
  });

  // A server plays a part.
  const itIfPlayed = (how: Detour['how']) =>
    detoursOn(database).some((each) => each.how === how) ? it : it.skip;

  itIfPlayed('put back')('is refused where TypeORM’s own is put back in its place', () => {
    for (const { detour, outcome } of outcomesOf('put back'))
      expect({ detour, recorded: waysOf(outcome, 'recorded') }).toEqual({ detour, recorded: [] });
  });

  it('is refused where another library replaces it and something is lost', () => {
    for (const { detour, outcome } of outcomesOf('replaced')) {
      const expected = REFUSED[detour.member.replace(/^\w+QueryRunner\./, 'QueryRunner.')];
      const recorded = waysOf(outcome, 'recorded');
      if (expected === 'nothing')
        expect({ detour, refused: waysOf(without(outcome, WITHIN), 'refused') }).toEqual({
          detour,
          refused: [],
        });
      else if (expected === 'attachAudit')
        expect({ detour, ways: Object.keys(outcome) }).toEqual({ detour, ways: ['attachAudit'] });
      else
        expect({ detour, recorded: recorded.filter((way) => expected.test(way)) }).toEqual({
          detour,
          recorded: [],
        });
    }
  });

  itIfPlayed('no longer called')('is refused where a later TypeORM doesn’t call it any more', () => {
    for (const { detour, outcome } of outcomesOf('no longer called').filter(({ detour: { member } }) =>
      isNeeded(member),
    ))
      expect({ detour, isRefused: waysOf(outcome, 'refused').length > 0 }).toEqual({
        detour,
        isRefused: true,
      });
  });

  // SQLite's RETURNING is our own, and what clear() empties comes to clearTable().
  const isNeeded = (member: string): boolean =>
    member !== 'EntityManager.clear' &&
    (database === 'postgres' || !member.endsWith('createReturningExpression'));
});

function waysOf(outcome: Outcome, what: 'recorded' | 'refused'): string[] {
  return Object.keys(outcome).filter((way) => outcome[way].startsWith(what));
}

function without(outcome: Outcome, ways: RegExp): Outcome {
  return Object.fromEntries(Object.entries(outcome).filter(([way]) => !ways.test(way)));
}

function mapped(outcome: Outcome, to: (what: string) => string): Outcome {
  return Object.fromEntries(Object.entries(outcome).map(([way, what]) => [way, to(what)]));
}
