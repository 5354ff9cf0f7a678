import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EntityManager } from 'typeorm';
import { inContextOfRaw } from '../../../src/context/request-context.js';
import { AuditEvent } from '../../../src/revision/audit-event.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { Account, Line } from '../../support/entities/accounts.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { AccountHooks, onAccountHook } from '../../support/worlds/hooked-accounts.js';
import { describeTwins, settled } from '../../support/worlds/twins.js';

/** Nothing here takes longer than some milliseconds, unless it waits for itself. */
const LIMIT_MS = 10_000;

/** A request whose user is looked up late, by statements on the connection of the write. */
interface Request {
  readonly delay: number;
  readonly look: () => Promise<unknown>;
}

async function actor({ delay, look }: Request): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, delay));
  await look();
  return 'ann';
}

type Run = (manager: EntityManager) => Promise<unknown>;

const update =
  (id: number): Run =>
  (manager) =>
    manager
      .createQueryBuilder()
      .update(Account)
      .set({ balance: 5 })
      .where({ id })
      .useTransaction(true)
      .execute()
      .then(({ affected }) => affected);
const insert =
  (id: number): Run =>
  (manager) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(Account)
      .values({ id })
      .useTransaction(true)
      .execute()
      .then(({ identifiers }) => identifiers);
const remove =
  (id: number): Run =>
  (manager) =>
    manager
      .createQueryBuilder()
      .delete()
      .from(Account)
      .where({ id })
      .useTransaction(true)
      .execute()
      .then(({ affected }) => affected);
const save =
  (id: number): Run =>
  (manager) =>
    manager.save(Account, { id, balance: 7 });

const atOnce: Record<string, Run[]> = {
  'three updates with useTransaction(true)': [update(1), update(2), update(3)],
  'an insert, an update and a delete with useTransaction(true)': [insert(9), update(1), remove(2)],
  'three save()s': [save(1), save(2), save(3)],
};
/** Three at once, with actors that take longer and longer. */
function together(
  manager: EntityManager,
  writes: readonly Run[],
  look: (n: number) => Promise<unknown>,
): Promise<unknown[]> {
  return Promise.all(
    writes.map((write, n) =>
      inContextOfRaw({ delay: 1 + 5 * n, look: () => look(n) }, () => settled(write(manager))),
    ),
  );
}

const accounts = [1, 2, 3].map((id) => ({ id }));
const options = { entities: [Account, Line], subscribers: [AccountHooks], audit: { actor } };

describeTwins('writes at once on one connection that wait for their actors', options, (twins) => {
  afterEach(() => onAccountHook());

  for (const [name, writes] of Object.entries(atOnce))
    it(
      `don't wait for each other: ${name}`,
      async () => {
        const revisions = await twins().play(async ({ dataSource }) => {
          const runner = dataSource.createQueryRunner();
          const { manager } = runner;
          await manager.insert(Account, accounts);
          const written = await together(manager, writes, () => manager.countBy(Line, {}));
          await runner.release();
          return written;
        });
        expect(revisions.filter((revision) => revision.endsWith(' by ann'))).toHaveLength(3);
      },
      LIMIT_MS,
    );

  it(
    "don't wait for each other when one of the actors is looked up in a transaction",
    async () => {
      const revisions = await twins().play(async ({ dataSource }) => {
        const runner = dataSource.createQueryRunner();
        const { manager } = runner;
        await manager.insert(Account, accounts);
        const writes = accounts.map(({ id }): Run => async (own) => {
          return (await own.update(Account, id, { balance: 3 })).affected;
        });
        // Only one: TypeORM mixes up the savepoints of transactions that overlap on one query runner.
        const written = await together(manager, writes, async (n) =>
          n === 1 ? manager.transaction((own) => own.countBy(Line, {})) : undefined,
        );
        await runner.release();
        return written;
      });
      expect(revisions.filter((revision) => revision.endsWith(' by ann'))).toHaveLength(3);
    },
    LIMIT_MS,
  );

  it(
    'come before a transaction that is begun later, without a query runner too',
    async () => {
      const revisions = await twins().play(async ({ dataSource }) => {
        const { manager } = dataSource;
        await manager.insert(Account, accounts);
        const writes: Run[] = [
          (own) => own.update(Account, 1, { balance: 3 }),
          (own) => own.delete(Account, 2),
          (own) => own.insert(Account, { id: 9 }),
        ];
        const written = together(manager, writes, async () => undefined);
        // By now the writes have been sent, if nothing holds them back.
        await new Promise((resolve) => setImmediate(resolve));
        const rolledBack = manager.transaction(async (own) => {
          await own.insert(Line, { id: 1, text: 'other' });
          await new Promise((resolve) => setTimeout(resolve, 40));
          throw new Error('changed my mind');
        });
        await Promise.allSettled([written, rolledBack]);
        return [await manager.find(Account, { order: { id: 'ASC' } }), await manager.count(Line)];
      });
      expect(revisions.filter((revision) => revision.endsWith(' by ann'))).toHaveLength(3);
    },
    LIMIT_MS,
  );

  it.each(['before', 'after'])(
    "don't wait for ever, when their actor is known by a transaction that began %s them",
    async (order) => {
      const revisions = await twins().play(async ({ dataSource }) => {
        const { manager } = dataSource;
        await manager.insert(Account, accounts);
        const update = (known: Promise<unknown>): Promise<unknown> =>
          inContextOfRaw({ delay: 1, look: () => known }, () => manager.update(Account, 1, { balance: 3 }));
        // In its own context, as another request that looks the same user up.
        let write!: (known: Promise<unknown>) => void;
        const written = new Promise<Promise<unknown>>((resolve) => {
          write = (known) => resolve(update(known));
        });
        let known: Promise<unknown>;
        if (order === 'after') {
          let look!: () => void;
          known = new Promise<void>((resolve) => (look = resolve)).then(() =>
            manager.transaction((own) => own.countBy(Line, {})),
          );
          write(known);
          look();
        } else
          known = manager.transaction(async (own) => {
            await own.countBy(Line, {});
            write(new Promise((resolve) => void setTimeout(() => resolve(known), 5)));
            await new Promise((resolve) => setTimeout(resolve, 20));
          });
        await Promise.all([known, written.then((done) => done)]);
        return manager.findOneBy(Account, { id: 1 });
      });
      expect(revisions.filter((revision) => revision.endsWith(' by ann'))).toHaveLength(1);
    },
    LIMIT_MS,
  );

  it(
    'are begun while their hooks wait for the transaction of somebody else',
    async () => {
      const revisions = await twins().play(async ({ dataSource }) => {
        const runner = dataSource.createQueryRunner();
        const { manager } = runner;
        await runner.startTransaction();
        await manager.insert(Account, accounts);
        let goOn: () => void = () => undefined;
        const asked = new Promise<void>((resolve) => (goOn = resolve));
        // In its own context, as a queue.
        const other = asked.then(() =>
          manager.transaction((own) => own.insert(Line, { id: 1, text: 'other' })),
        );
        onAccountHook(async () => {
          goOn();
          await other;
        });
        await inContextOfRaw({ delay: 1, look: () => Promise.resolve() }, () =>
          manager.update(Account, 1, { balance: 3 }),
        );
        onAccountHook();
        await runner.commitTransaction();
        await runner.release();
      });
      expect(revisions).toHaveLength(4);
    },
    LIMIT_MS,
  );
});

describeDatabases('the first writes of a process', (name) => {
  let audited: AuditedDatabase;
  beforeEach(async () => {
    audited = await openAudited(name, { entities: [Account, Line] });
    await audited.dataSource.query('INSERT INTO account (id, balance) VALUES (1, 0), (2, 0), (3, 0)');
  });
  afterEach(() => audited?.close());

  const revisions = (): Promise<number> => audited.dataSource.manager.countBy(revisionOf(Account), {});

  describe.each(Object.entries(atOnce))('at once on one connection: %s', (_, writes) => {
    const write = async (): Promise<void> => {
      const runner = audited.dataSource.createQueryRunner();
      await runner.connect();
      await Promise.all(writes.map((run) => run(runner.manager)));
      await runner.release();
    };

    it(
      "don't wait for each other's look at the tables",
      async () => {
        await write();
        expect(await revisions()).toBeGreaterThanOrEqual(writes.length);
      },
      LIMIT_MS,
    );

    it(
      "don't wait for each other's look at audit_event, without history",
      async () => {
        await audited.context.without(write);
        expect(await revisions()).toBe(0);
        expect(await audited.dataSource.manager.countBy(AuditEvent, {})).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );
  });
});
