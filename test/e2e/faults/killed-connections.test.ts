import { type Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { type EntityManager, type QueryRunner } from 'typeorm';
import { expectInvariants } from '../../support/assertions/invariants.js';
import {
  ACCOUNT_WRITE,
  atStatement,
  type Gate,
  hasActed,
  StatementGate,
} from '../../support/faults/statement-gate.js';
import { isMysql, isSqlite, revisionsOf } from '../../support/worlds/twins.js';
import { describeWorlds, type World, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

const writes: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'save()': (manager) => manager.save(Account, { id: 1, balance: 5 }),
  'insert()': (manager) => manager.insert(Account, { id: 2 }),
  'update()': (manager) => manager.update(Account, 1, { balance: 5 }),
  'delete()': (manager) => manager.delete(Account, 1),
};

/** How a write is enclosed. */
const enclosures: Record<string, (runner: QueryRunner, write: () => Promise<unknown>) => Promise<unknown>> = {
  'without a transaction': (_, write) => write(),
  'in transaction()': (runner, write) => runner.manager.transaction(write),
  'after a BEGIN by hand': async (runner, write) => {
    await runner.query('BEGIN');
    await write();
    await runner.query('COMMIT');
  },
};

const moments: Record<string, Omit<Gate, 'act'>> = {
  'between the statement and its revision': { when: 'after', statement: ACCOUNT_WRITE },
  'before the COMMIT': { when: 'before', statement: /^COMMIT/ },
  'after the COMMIT': { when: 'after', statement: /^COMMIT/ },
};

async function sessionOf({ name }: World, runner: QueryRunner): Promise<number> {
  const sql = isMysql(name) ? 'SELECT connection_id() AS id' : 'SELECT pg_backend_pid() AS id';
  const [{ id }] = (await runner.query(sql)) as { id: number | string }[];
  return Number(id);
}

/** Ends a session, and waits until the server has none of that number. */
async function kill({ name, dataSource }: World, id: number): Promise<void> {
  await dataSource.query(isMysql(name) ? `KILL ${id}` : `SELECT pg_terminate_backend(${id})`);
  const sessions = isMysql(name)
    ? `SELECT 1 FROM information_schema.processlist WHERE id = ${id}`
    : `SELECT 1 FROM pg_stat_activity WHERE pid = ${id}`;
  for (let n = 0; n < 250; n++) {
    if ((await dataSource.query<unknown[]>(sessions)).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A client of a driver, as far as it has a socket. */
interface Client {
  readonly stream?: Socket;
  readonly connection?: { readonly stream?: Socket };
}

/** Waits until a client has heard that its session has ended: until then its pool takes it for sound. */
async function untilHeard(client: Client): Promise<void> {
  const socket = client.stream ?? client.connection?.stream;
  for (let n = 0; n < 500 && !socket?.destroyed; n++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(socket?.destroyed).toBe(true);
}

const servers = worldNames(true).filter((name) => !isSqlite(name));

describeWorlds(
  'a connection that is killed',
  { entities: [Account], subscribers: [StatementGate] },
  (world) => {
    afterEach(() => atStatement(undefined));

    for (const [moment, gate] of Object.entries(moments))
      for (const [where, enclose] of Object.entries(enclosures))
        it.each(Object.entries(writes))(`${moment}, ${where}, leaves no half of %s`, async (_, write) => {
          const { dataSource, manager } = world();
          await world().reset();
          await manager.insert(Account, { id: 1 });
          const rows = await manager.find(Account);
          const runner = dataSource.createQueryRunner();
          const id = await sessionOf(world(), runner);
          const client = (await runner.connect()) as Client;
          atStatement({ ...gate, act: () => kill(world(), id) });
          const outcome = await enclose(runner, () => write(runner.manager)).then(
            () => 'acknowledged',
            () => 'failed',
          );
          expect(hasActed()).toBe(true);
          await runner.release().catch(() => undefined);
          await untilHeard(client);

          // What comes behind the COMMIT may have failed all the same: a read of defaults, another COMMIT.
          const isStored = moment === 'after the COMMIT';
          if (!isStored) expect(outcome).toBe('failed');
          expect(await revisionsOf(world())).toHaveLength(isStored ? 2 : 1);
          if (!isStored) expect(await manager.find(Account)).toEqual(rows);
          // Others go on, on every connection of the pool.
          await Promise.all([3, 4, 5].map((other) => manager.insert(Account, { id: other })));
          await manager.transaction((own) => own.update(Account, 3, { balance: 3 }));
          await expectInvariants(dataSource);
          expect(await revisionsOf(world())).toHaveLength(isStored ? 6 : 5);
        });
  },
  servers,
);
