import { expect, it } from '@jest/globals';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { AuditError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { describeTwins, isMysql, isSqlite } from '../../support/worlds/twins.js';
import { describeWorlds, type World, worldNames } from '../../support/worlds/write-worlds.js';

// Nothing here says that the database gives the key.
@Audited()
@Entity()
class Ticket {
  @PrimaryColumn('integer') id: number;
  @Column() title: string;
}

// SQLite's INTEGER PRIMARY KEY numbers rows as it is.
async function numberKeys({ dataSource, name }: World): Promise<void> {
  if (isMysql(name)) await dataSource.query('ALTER TABLE `ticket` MODIFY `id` int NOT NULL AUTO_INCREMENT');
  else if (!isSqlite(name))
    await dataSource.query(
      `CREATE SEQUENCE ticket_numbers; ALTER TABLE "ticket" ALTER "id" SET DEFAULT nextval('ticket_numbers')`,
    );
}

const rows = (...titles: string[]): { title: string }[] => titles.map((title) => ({ title }));
const told = (result: object): object => ({ ...result, raw: undefined });

const MIXED = 'save() of given and unknown keys';

type Write = (manager: EntityManager) => Promise<unknown>;
const writes: Record<string, readonly [number, Write]> = {
  'save() of one': [1, (manager) => manager.save(Ticket, { title: 'a' })],
  'save() of many': [3, (manager) => manager.save(Ticket, rows('a', 'b', 'c'))],
  'save() without reload': [1, (manager) => manager.save(Ticket, { title: 'a' }, { reload: false })],
  'save() in a transaction': [2, (manager) => manager.transaction((own) => own.save(Ticket, rows('a', 'b')))],
  [MIXED]: [3, (manager) => manager.save(Ticket, [{ id: 41, title: 'a' }, ...rows('b', 'c')])],
  'insert() of one': [1, (manager) => manager.insert(Ticket, { title: 'a' })],
  'insert() of many': [3, (manager) => manager.insert(Ticket, rows('a', 'b', 'c'))],
  'insert() of a given key': [1, (manager) => manager.insert(Ticket, { id: 7, title: 'a' })],
};

describeTwins(
  'keys of which TypeORM does not know that the database gives them',
  { entities: [Ticket], prepare: numberKeys },
  (twins, name) => {
    // Its server tells of one number alone.
    const isMixedRefused = name === 'mysql' || name === 'mysql-on-mariadb';
    const recorded = Object.entries(writes).filter(([title]) => !isMixedRefused || title !== MIXED);

    if (isMixedRefused)
      it(`refuses ${MIXED}, and stores nothing`, async () => {
        const { manager } = twins().audited;
        await twins().audited.reset();
        await expect(writes[MIXED][1](manager)).rejects.toThrow(AuditError);
        expect(await manager.count(Ticket)).toBe(0);
      });

    it.each(recorded)('records %s', async (_, [expected, write]) => {
      const revisions = await twins().play(async ({ manager, dataSource }) => {
        // Rows deleted for the reset have used numbers.
        if (isMysql(name)) await dataSource.query('ALTER TABLE `ticket` AUTO_INCREMENT = 1');
        if (name === 'postgres') await dataSource.query(`SELECT setval('ticket_numbers', 1, false)`);
        return comparable(await write(manager));
      });
      expect(revisions).toHaveLength(expected);
      expect(revisions.every((revision) => revision.includes(' v1 insert'))).toBe(true);
    });
  },
);

// What a trigger has put in place of a key, MySQL tells nobody.
describeWorlds(
  'keys that a trigger gives on MySQL',
  { entities: [Ticket] },
  (world) => {
    it('are refused, and nothing is stored', async () => {
      const { dataSource, manager } = world();
      await dataSource.query('ALTER TABLE `ticket` ALTER `id` SET DEFAULT 0');
      await dataSource.query(
        'CREATE TRIGGER ticket_key BEFORE INSERT ON `ticket` FOR EACH ROW SET NEW.id = 77',
      );
      for (const write of [
        () => manager.save(Ticket, { title: 'a' }),
        () => manager.insert(Ticket, { title: 'a' }),
      ])
        await expect(write()).rejects.toThrow(AuditError);
      expect(await manager.count(Ticket)).toBe(0);
    });
  },
  worldNames(true).filter((name) => name === 'mysql' || name === 'mysql-on-mariadb'),
);

// `serverStatus` and the place of a statement in the protocol are the connection's.
function comparable(result: unknown): unknown {
  const { raw } = (result ?? {}) as { raw?: object };
  if (!raw || Array.isArray(raw)) return result;
  const { name } = raw.constructor;
  return { ...told(result as object), name, raw: { ...raw, serverStatus: undefined } };
}
