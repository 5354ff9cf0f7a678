import { expect, it } from '@jest/globals';
import { type QueryFailedError } from 'typeorm';
import { describeTwins } from '../../support/worlds/twins.js';
import { type World, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

const prepare = ({ dataSource }: World): Promise<unknown> =>
  dataSource.query('ALTER TABLE account ADD CONSTRAINT late UNIQUE (balance) DEFERRABLE INITIALLY DEFERRED');

// The keys that the library has added to what is returned.
const ownPart = (query: string): string => query.replace(/(, | RETURNING )"id"::text AS audit_key_0/, '');

/** Which statement failed, how, and with which parameters. */
async function failure(write: Promise<unknown>): Promise<unknown> {
  const error = await write.then(
    () => undefined,
    (caught: unknown) => caught as QueryFailedError & { code?: string },
  );
  return error && [error.name, error.message, error.code, ownPart(error.query), error.parameters];
}

describeTwins(
  'a constraint that is checked at COMMIT',
  { entities: [Account], prepare },
  (twins) => {
    it('fails the write, with its own statement and parameters', async () => {
      const revisions = await twins().play(async ({ manager }) => {
        await manager.insert(Account, [
          { id: 1, balance: 1 },
          { id: 2, balance: 2 },
        ]);
        const failures = [
          await failure(manager.insert(Account, { id: 3, balance: 1 })),
          await failure(manager.update(Account, 1, { balance: 2 })),
          await failure(manager.increment(Account, { id: 1 }, 'balance', 1)),
          await failure(manager.upsert(Account, { id: 2, balance: 1 }, ['id'])),
          await failure(manager.save(Account, { id: 2, balance: 1 })),
        ];
        await manager.update(Account, 1, { balance: 4 });
        expect(failures).toEqual(failures.map(() => expect.arrayContaining(['23505'])));
        return failures;
      });
      expect(revisions).toEqual([
        'A: account 1 v1 insert',
        'A: account 2 v1 insert',
        'B: account 1 v2 update',
      ]);
    });
  },
  worldNames().filter((name) => name === 'postgres'),
);
