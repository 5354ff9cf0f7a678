import { afterEach, expect, it } from '@jest/globals';
import { type QueryRunner } from 'typeorm';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { expectInvariants } from '../../support/invariants.js';
import { ACCOUNT_WRITE, atStatement, hasActed, StatementGate } from '../../support/statement-gate.js';
import { isMysql, isSqlite, revisionsOf } from '../../support/twins.js';
import { describeWorlds, worldNames } from '../../support/write-worlds.js';
import { Account } from '../units/entities.js';

/** Has another transaction hold the revision table, so that a revision waits until its time is up. */
async function holdRevisions(other: QueryRunner): Promise<void> {
  if (other.manager.connection.options.type === 'postgres') {
    await other.query('BEGIN');
    await other.query('LOCK TABLE account_rev IN EXCLUSIVE MODE');
  } else await other.query('LOCK TABLES account_rev WRITE');
}

describeWorlds(
  'a revision that waits too long',
  { entities: [Account], subscribers: [StatementGate] },
  (world, name) => {
    afterEach(() => atStatement(undefined));
    const limit = isMysql(name) ? 'SET lock_wait_timeout = 1' : `SET lock_timeout = '300ms'`;
    const noLimit = isMysql(name) ? 'SET lock_wait_timeout = DEFAULT' : 'RESET lock_timeout';

    it.each(['without a transaction', 'in a transaction'])(
      'fails its write, %s, and nothing else',
      async (where) => {
        const { dataSource, manager } = world();
        await world().reset();
        await manager.insert(Account, [{ id: 1 }, { id: 2 }]);
        const runner = dataSource.createQueryRunner();
        const other = dataSource.createQueryRunner();
        await runner.query(limit);
        atStatement({ when: 'after', statement: ACCOUNT_WRITE, act: () => holdRevisions(other) });
        if (where === 'in a transaction') await runner.startTransaction();
        const error = await runner.manager
          .update(Account, 1, { balance: 5 })
          .catch((caught: unknown) => caught);
        expect(hasActed()).toBe(true);
        expect(error).toMatchObject({
          name: 'QueryFailedError',
          code: isMysql(name) ? 'ER_LOCK_WAIT_TIMEOUT' : '55P03',
        });
        await other.query(isMysql(name) ? 'UNLOCK TABLES' : 'ROLLBACK');
        if (where === 'in a transaction') {
          const refused = await runner.commitTransaction().catch((caught: unknown) => caught);
          expect(refused).toBeInstanceOf(UnrecordedWriteError);
          const { code, errno } = error as UnrecordedWriteError;
          expect(refused).toMatchObject({ code, ...(errno !== undefined && { errno }) });
          await runner.rollbackTransaction();
        }
        await runner.manager.update(Account, 2, { balance: 6 });
        await runner.query(noLimit);
        await other.release();
        await runner.release();
        expect((await manager.find(Account, { order: { id: 'ASC' } })).map(({ balance }) => balance)).toEqual(
          [0, 6],
        );
        expect((await revisionsOf(world())).slice(2)).toEqual(['B: account 2 v2 update']);
        await expectInvariants(dataSource);
      },
    );
  },
  worldNames(true).filter((each) => !isSqlite(each)),
);
