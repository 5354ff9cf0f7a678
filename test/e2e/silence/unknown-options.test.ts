import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  attachAudit,
  type AttachedAudit,
  AuditEvent,
  clearAudited,
  type InvalidArgumentError,
  MaintenanceRecord,
  renameHistory,
  type Revision,
  revisionOf,
} from 'nestjs-typeorm-audit';
import { Reservation } from '../../support/entities/reservation.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

interface World extends AttachedAudit {
  readonly dataSource: AuditedDatabase['dataSource'];
  readonly newest: Revision<any>;
}

/** A method that takes options, as untyped code calls it. */
interface Method {
  readonly call: (world: World, options: any) => unknown;
  readonly argument?: 'event' | 'values' | 'rename' | 'revisions';
  /** An option that the method doesn't have, and the method's options. */
  readonly typo: string;
  readonly meant?: string;
  readonly known: string;
  /** Options that it takes. */
  readonly taken: object;
}

async function itemsOf(list: AsyncIterable<unknown>): Promise<unknown[]> {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

const FILTERS = 'actor, not, action, request, reason, operation, property, changed';
const FEED = `entities, limit, cursor, from, to, transaction, quiet, events, ${FILTERS}`;
const TIMELINE = `limit, cursor, order, from, to, quiet, ${FILTERS}`;
const VALUES = 'actor, reason, onBehalf, action, context, recording';
const WRITE = 'batchSize, onProgress, dryRun';

const methods: Record<string, Method> = {
  'history.timeline()': {
    call: ({ history }, options) => history.timeline(Reservation, 1, options),
    typo: 'limt',
    meant: 'limit',
    known: TIMELINE,
    taken: { limit: 1 },
  },
  'history.timeline() of several ids': {
    call: ({ history }, options) => history.timeline(Reservation, [1, 2], options),
    typo: 'ordr',
    meant: 'order',
    known: TIMELINE,
    taken: { order: 'asc', cursor: null },
  },
  'history.timeline() of no ids': {
    call: ({ history }, options) => history.timeline(Reservation, [], options),
    typo: 'page',
    known: TIMELINE,
    taken: { quiet: true },
  },
  'history.timeline.all()': {
    call: ({ history }, options) => itemsOf(history.timeline.all(Reservation, 1, options)),
    typo: 'operaton',
    meant: 'operation',
    known: TIMELINE,
    taken: { limit: 1, cursor: null },
  },
  'history.feed()': {
    call: ({ history }, options) => history.feed(options),
    typo: 'entites',
    meant: 'entities',
    known: FEED,
    taken: { entities: [Reservation], limit: 1 },
  },
  'history.feed() with events': {
    call: ({ history }, options) => history.feed(options),
    typo: 'event',
    meant: 'events',
    known: FEED,
    taken: { events: true },
  },
  'history.feed.all()': {
    call: ({ history }, options) => itemsOf(history.feed.all(options)),
    typo: 'user',
    known: FEED,
    taken: { actor: 'ann' },
  },
  'history.transaction()': {
    call: ({ history, newest }, options) => history.transaction(newest.transaction, options),
    typo: 'order',
    known: 'limit, cursor',
    taken: { limit: 1 },
  },
  'history.transaction.all()': {
    call: ({ history, newest }, options) => itemsOf(history.transaction.all(newest.transaction, options)),
    typo: 'limits',
    meant: 'limit',
    known: 'limit, cursor',
    taken: { limit: 1 },
  },
  'history.describe()': {
    call: ({ history, newest }, options) => history.describe(newest, options),
    typo: 'timezon',
    meant: 'timeZone',
    known: 'locale, timeZone',
    taken: { locale: 'de' },
  },
  'history.describe() of several revisions': {
    call: ({ history, newest }, options) => history.describe([newest], options),
    typo: 'language',
    known: 'locale, timeZone',
    taken: { timeZone: 'UTC' },
  },
  'history.restore()': {
    call: ({ history }, options) => history.restore(Reservation, 1, 1, options),
    typo: 'dryrun',
    meant: 'dryRun',
    known: 'expectedVersion, properties, relations, dryRun, manager',
    taken: { dryRun: true, expectedVersion: 2 },
  },
  'history.undo()': {
    call: ({ history, newest }, options) => history.undo(newest.transaction, options),
    typo: 'dry',
    known: 'dryRun, except, manager, limit, cursor',
    taken: { dryRun: true },
  },
  'maintenance.backfill()': {
    call: ({ maintenance }, options) => maintenance.backfill(Reservation, options),
    typo: 'limit',
    known: `tablesAtOnce, rowsPerSecond, maxReplicaLagSeconds, maxTransactionAgeSeconds, onPause, ${WRITE}`,
    taken: { batchSize: 10, tablesAtOnce: 1 },
  },
  'maintenance.verify()': {
    call: ({ maintenance }, options) => maintenance.verify(undefined, options),
    typo: 'timeBudget',
    known: 'limit, timeBudgetSeconds, from, batchSize, onProgress',
    taken: { limit: 1 },
  },
  'maintenance.reconcile()': {
    call: ({ maintenance }, options) => maintenance.reconcile(Reservation, options),
    typo: 'dryRn',
    meant: 'dryRun',
    known: WRITE,
    taken: { dryRun: true },
  },
  'maintenance.prune()': {
    call: ({ maintenance }, options) => maintenance.prune(Reservation, { keep: 1, ...options }),
    typo: 'olderThen',
    meant: 'olderThan',
    known: `keep, olderThan, ${WRITE}`,
    taken: { dryRun: true },
  },
  'maintenance.erase()': {
    call: ({ maintenance }, options) => maintenance.erase(Reservation, 1, options),
    typo: 'column',
    meant: 'columns',
    known: `columns, ${WRITE}`,
    taken: { columns: ['party'], dryRun: true },
  },
  'log.record() of an event': {
    call: ({ log }, event) => log.record(event),
    argument: 'event',
    typo: 'actor',
    known: 'action, outcome, target, details',
    taken: { action: 'export', outcome: 'success' },
  },
  'log.record() with options': {
    call: ({ log }, options) => log.record({ action: 'export' }, options),
    typo: 'manger',
    meant: 'manager',
    known: 'manager',
    taken: { manager: undefined },
  },
  'context.run()': {
    call: ({ context }, values) => context.run(values, () => context.state()),
    argument: 'values',
    typo: 'reson',
    meant: 'reason',
    known: VALUES,
    taken: { actor: 'ann', context: { ticket: 7 } },
  },
  'context.set()': {
    call: ({ context }, values) => context.run({}, () => context.set(values)),
    argument: 'values',
    typo: 'request',
    known: VALUES,
    taken: { reason: 'r' },
  },
  'clearAudited()': {
    call: ({ dataSource }, options) => clearAudited(dataSource, options),
    typo: 'inProduction',
    meant: 'evenInProduction',
    known: 'evenInProduction',
    taken: { evenInProduction: true },
  },
  'renameHistory()': {
    call: ({ dataSource }, rename) =>
      renameHistory(
        dataSource.createQueryRunner(),
        rename && { from: 'reservation', to: 'booking', ...rename },
      ),
    argument: 'rename',
    typo: 'revision',
    meant: 'revisions',
    known: 'from, to, revisions',
    taken: { revisions: { from: 'reservation_rev', to: 'booking_rev' } },
  },
  'renameHistory() of revisions': {
    call: ({ dataSource }, revisions) =>
      renameHistory(dataSource.createQueryRunner(), { from: 'reservation', to: 'booking', revisions }),
    argument: 'revisions',
    typo: 'too',
    meant: 'to',
    known: 'from, to',
    taken: { from: 'reservation_rev', to: 'booking_rev' },
  },
};

// The arguments are checked before the first statement, so one database is enough.
describe('untyped code', () => {
  let audited: AuditedDatabase;
  let world: World;

  beforeEach(async () => {
    audited = await openAudited('sqlite', { entities: [Reservation] });
    const { dataSource } = audited;
    const audit = attachAudit(dataSource);
    const reservation = await dataSource.getRepository(Reservation).save({ party: 4 });
    await dataSource.getRepository(Reservation).save({ ...reservation, party: 6 });
    world = { ...audit, dataSource, newest: (await audit.history.latest(Reservation, 1))! };
  });

  afterEach(() => audited?.close());

  const refusal = async (call: () => unknown): Promise<InvalidArgumentError> => {
    try {
      await call();
    } catch (error) {
      return error as InvalidArgumentError;
    }
    throw new Error('It was not refused.');
  };

  /** What a call that is refused may not have changed. */
  const rows = async (): Promise<unknown[]> => {
    const tables = [Reservation, revisionOf(Reservation), MaintenanceRecord, AuditEvent];
    const all = [];
    for (const table of tables) all.push(await world.dataSource.getRepository(table).find());
    return all;
  };

  describe.each(Object.entries(methods))('that calls %s', (_, method) => {
    const { call, argument = 'options', typo, meant, known, taken } = method;

    it('is told of an option that it does not have', async () => {
      const before = await rows();
      const remedy = meant === undefined ? '' : `Did you mean ${meant}? `;
      const error = await refusal(() => call(world, { ...taken, [typo]: true }));
      expect(error).toMatchObject({
        name: 'InvalidArgumentError',
        argument,
        message: `${argument} must not have "${typo}", which is unknown. ${remedy}Known are ${known}.`,
      });
      expect(await rows()).toEqual(before);
    });

    it('may give an unknown option as undefined, and options of a class', async () => {
      class Options {
        constructor(given: object) {
          Object.assign(this, given);
        }
        get inherited(): number {
          return 5;
        }
      }
      await call(world, new Options({ ...taken, [typo]: undefined }));
    });
  });

  it.each(
    Object.entries(methods).filter(([name]) => !['maintenance.prune()', 'renameHistory()'].includes(name)),
  )('that calls %s is told that options are an object', async (_, { call, argument = 'options', known }) => {
    const before = await rows();
    const others: readonly [unknown, string][] = [
      [20, '20'],
      ['ann', "'ann'"],
      [null, 'null'],
      [false, 'false'],
      [[{ limit: 5 }], '[ [Object] ]'],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
      [new Map([['limit', 5]]), "Map(1) { 'limit' => 5 }"],
      [Promise.resolve(1), 'Promise {'],
    ];
    for (const [options, got] of others) {
      const error = await refusal(() => call(world, options));
      expect(error).toMatchObject({
        name: 'InvalidArgumentError',
        argument,
        message: expect.stringContaining(
          `${argument} must be an object that has any of ${known}, got ${got}`,
        ),
      });
    }
    expect(await rows()).toEqual(before);
  });

  it.each<[string, (world: World) => unknown, string]>([
    ['prune()', ({ maintenance }) => maintenance.prune(Reservation, null as never), 'options'],
    ['prune()', ({ maintenance }) => (maintenance.prune as any)(Reservation), 'options'],
    [
      'renameHistory()',
      ({ dataSource }) => renameHistory(dataSource.createQueryRunner(), null as never),
      'rename',
    ],
    ['record()', ({ log }) => (log.record as any).call(log), 'event'],
    ['run()', ({ context }) => (context.run as any).call(context, undefined, () => 1), 'values'],
  ])('is told of the argument that %s needs', async (_, call, argument) => {
    expect(await refusal(() => call(world))).toMatchObject({ name: 'InvalidArgumentError', argument });
  });

  it.each<[string, (world: World) => unknown]>([
    ['timeline()', ({ history }) => history.timeline(undefined as never, 1)],
    ['latest()', ({ history }) => history.latest(null as never, 1)],
    ['restore()', ({ history }) => history.restore({} as never, 1, 1)],
    ['feed()', ({ history }) => history.feed({ entities: [null as never] })],
    ['backfill()', ({ maintenance }) => maintenance.backfill({ dryRun: true } as never)],
    ['verify()', ({ maintenance }) => maintenance.verify(7 as never)],
  ])('is told of what is no entity, by %s', async (_, call) => {
    expect(await refusal(async () => call(world))).toMatchObject({
      name: 'InvalidArgumentError',
      argument: 'entity',
      message: expect.stringContaining('must be an entity: its class, its EntitySchema or its name, got '),
    });
  });

  it('gives the result of state() to run()', async () => {
    const { context } = world;
    const state = context.run({ actor: 'ann', reason: 'r' }, () => context.without(() => context.state()))!;
    expect(context.run(state, () => context.state())).toEqual(state);
  });

  it.each<[string, (world: World) => AsyncIterable<unknown>]>([
    ['timeline.all()', ({ history }) => history.timeline.all(Reservation, 1, { cursor: 'x' } as object)],
    ['feed.all()', ({ history }) => history.feed.all({ cursor: 'x' } as object)],
    [
      'transaction.all()',
      ({ history, newest }) => history.transaction.all(newest.transaction, { cursor: 'x' } as object),
    ],
  ])('is told that %s takes no cursor', async (_, list) => {
    const error = await refusal(() => itemsOf(list(world)));
    expect(error).toMatchObject({ name: 'InvalidArgumentError', argument: 'cursor' });
    expect(error.message).toBe(
      "cursor must be left out of all(), which reads all pages, got 'x'. Read a page to go on from there.",
    );
  });

  it('is told what it gave to at() in place of a moment', async () => {
    const error = await refusal(() => world.history.at({ transacton: world.newest.transaction } as never));
    expect(error).toMatchObject({ name: 'InvalidArgumentError', argument: 'at' });
    expect(error.message).toMatch(/got \{ transacton \}\.$/);
  });
});
