import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { MoreThanOrEqual, type QueryRunner } from 'typeorm';
import { describeTwins, isMysql } from '../../support/worlds/twins.js';
import { type World, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

const TABLES = ['account', 'account_rev', 'audit_changeset'];

/** Makes two more databases with the same tables, runs a function, and drops them. */
async function withDatabases(
  { dataSource }: World,
  fn: (red: string, blue: string) => Promise<unknown>,
): Promise<unknown> {
  const suffix = randomBytes(4).toString('hex');
  const names = ['red', 'blue'].map(
    (name) => `audit_test_${Math.floor(Date.now() / 60_000)}_${name}_${suffix}`,
  );
  for (const name of names) {
    await dataSource.query(`CREATE DATABASE ${name}`);
    for (const table of TABLES) await dataSource.query(`CREATE TABLE ${name}.${table} LIKE ${table}`);
  }
  try {
    return await fn(names[0], names[1]);
  } finally {
    for (const name of names) await dataSource.query(`DROP DATABASE ${name}`);
  }
}

async function contentsOf({ dataSource }: World, ...databases: string[]): Promise<unknown[]> {
  const all = [];
  for (const name of databases) all.push(await dataSource.query(`SELECT * FROM ${name}.account ORDER BY id`));
  return all;
}

/** As a line for each: key, version, operation, actor. */
async function historyIn({ dataSource }: World, database: string): Promise<string[]> {
  const rows = await dataSource.query<Record<string, unknown>[]>(
    `SELECT id, rev_version, rev_operation, rev_actor FROM ${database}.account_rev ORDER BY id, rev_version`,
  );
  return rows.map((row) => Object.values(row).join(' '));
}

async function writeAs(
  { context }: World,
  tenant: string,
  id: number,
  { manager }: QueryRunner,
): Promise<void> {
  await context.run({ actor: tenant }, async () => {
    await manager.save(Account, { id, code: `${tenant} ${id}` });
    await manager.insert(Account, { id: id + 1 });
    await manager.update(Account, id, { balance: id });
    await manager.update(Account, { id: MoreThanOrEqual(id) }, { balance: 50 });
    await manager.delete(Account, id + 1);
  });
}

const historyOf = (tenant: string, id: number): string[] => [
  `${id} 1 insert ${tenant}`,
  `${id} 2 update ${tenant}`,
  `${id} 3 update ${tenant}`,
  `${id + 1} 1 insert ${tenant}`,
  `${id + 1} 2 update ${tenant}`,
  `${id + 1} 3 delete ${tenant}`,
];

describeTwins(
  'a database that is chosen by USE',
  { entities: [Account] },
  (twins) => {
    it.each(['a held connection', 'a connection of the pool'])('has its own history on %s', async (kind) => {
      const isHeld = kind === 'a held connection';
      await twins().play((world) =>
        withDatabases(world, async (red, blue) => {
          const own = world.dataSource.driver.database!;
          const { dataSource } = world;
          let runner = dataSource.createQueryRunner();
          // What is prepared here is bound to the first database.
          await writeAs(world, 'own', 1, runner);
          for (const [n, tenant] of [red, blue, red, blue].entries()) {
            if (!isHeld) {
              await runner.release();
              runner = dataSource.createQueryRunner();
            }
            await runner.query(`USE ${tenant}`);
            await writeAs(world, tenant === red ? 'red' : 'blue', n * 2 + 1, runner);
          }
          await runner.query(`USE ${own}`);
          await runner.release();
          if (world === twins().audited) {
            expect(await historyIn(world, own)).toEqual(historyOf('own', 1));
            for (const [name, tenant, first] of [
              [red, 'red', 1],
              [blue, 'blue', 3],
            ] as const) {
              const [one, ...rest] = [historyOf(tenant, first), historyOf(tenant, first + 4)];
              expect(await historyIn(world, name)).toEqual([...one, ...rest.flat()]);
            }
          }
          return contentsOf(world, red, blue);
        }),
      );
    });
  },
  worldNames(true).filter(isMysql),
);
