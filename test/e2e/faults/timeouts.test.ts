import { afterEach, expect, it } from '@jest/globals';
import { type QueryRunner } from 'typeorm';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { ACCOUNT_WRITE, atStatement, hasActed, StatementGate } from '../../support/faults/statement-gate.js';
import { isMysql, isSqlite, revisionsOf } from '../../support/worlds/twins.js';
import { describeWorlds, type WorldName, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

/** Has another transaction hold the revision table, so that a revision waits until its time is up. */
async function holdRevisions(other: QueryRunner): Promise<void> {
  if (other.manager.connection.options.type === 'postgres') {
    await other.query('BEGIN');
    await other.query('LOCK TABLE account_rev IN EXCLUSIVE MODE');
  } else await other.query('LOCK TABLES account_rev WRITE');
}

interface Limit {
  readonly name: string;
  readonly limit: string;
  readonly noLimit: string;
  readonly error: { readonly code: string } | { readonly errno: number };
}

// MySQL has no limit for the time of a write.
function limitsOf(name: WorldName): Limit[] {
  if (name === 'postgres')
    return [
      {
        name: 'lock_timeout',
        limit: `SET lock_timeout = '300ms'`,
        noLimit: 'RESET lock_timeout',
        error: { code: '55P03' },
      },
      {
        name: 'statement_timeout',
        limit: `SET statement_timeout = '300ms'`,
        noLimit: 'RESET statement_timeout',
        error: { code: '57014' },
      },
    ];
  const lockWait: Limit = {
    name: 'lock_wait_timeout',
    limit: 'SET lock_wait_timeout = 1',
    noLimit: 'SET lock_wait_timeout = DEFAULT',
    error: { code: 'ER_LOCK_WAIT_TIMEOUT' },
  };
  const statementTime: Limit = {
    name: 'max_statement_time',
    limit: 'SET max_statement_time = 0.3',
    noLimit: 'SET max_statement_time = DEFAULT',
    // mysql2 has no name for it.
    error: { errno: 1969 },
  };
  return name === 'mysql' ? [lockWait] : [lockWait, statementTime];
}

describeWorlds(
  'a revision that waits too long',
  { entities: [Account], subscribers: [StatementGate] },
  (world, name) => {
    afterEach(() => atStatement(undefined));
    const cases = limitsOf(name).flatMap((limit) =>
      ['without a transaction', 'in a transaction'].map((where) => [limit.name, where, limit] as const),
    );

    it.each(cases)(
      'fails its write by %s, %s, and nothing else',
      async (_, where, { limit, noLimit, error: expected }) => {
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
        expect(error).toMatchObject({ name: 'QueryFailedError', ...expected });
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
