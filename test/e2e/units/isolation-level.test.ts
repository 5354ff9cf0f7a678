import { expect, it } from '@jest/globals';
import { describeTwins, type TwinOptions } from '../../support/worlds/twins.js';
import { type World, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

/** Has the database note in which isolation level an account was inserted. */
async function prepare({ dataSource }: World): Promise<void> {
  await dataSource.query(
    `CREATE FUNCTION note_level() RETURNS trigger LANGUAGE plpgsql AS ` +
      `'BEGIN NEW.code := NEW.id || current_setting(''transaction_isolation''); RETURN NEW; END'`,
  );
  await dataSource.query(
    'CREATE TRIGGER level BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION note_level()',
  );
}

// From TypeORM 1 on, and for the transactions that TypeORM begins.
const options = { entities: [Account], prepare, isolationLevel: 'SERIALIZABLE' } as TwinOptions;

describeTwins(
  'the isolation level of a data source',
  options,
  (twins) => {
    it('is that of TypeORM’s own transactions, and of no write beside them', async () => {
      const revisions = await twins().play(async ({ manager }) => {
        await manager.insert(Account, { id: 1 });
        await manager.save(Account, { id: 2 });
        await manager.transaction((own) => own.insert(Account, { id: 3 }));
        const [{ code }] = await manager.find(Account, { where: { id: 1 } });
        expect(code).toBe('1read committed');
      });
      expect(revisions).toHaveLength(3);
    });
  },
  worldNames().filter((name) => name === 'postgres'),
);
