import { afterEach, expect, it } from '@jest/globals';
import DataLoader from 'dataloader';
import { attachAudit, Audited } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, type EntitySubscriberInterface, In, PrimaryColumn } from 'typeorm';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Entity()
class Hall {
  @PrimaryColumn('int') id: number;
  @Column() name: string;
}

function jobClass(isAudited: boolean) {
  @Entity('job')
  class Job {
    @PrimaryColumn('int') id: number;
    @Column('int') hall: number;
  }
  if (isAudited) Audited()(Job);
  return Job;
}

describeDatabases('dataloader', (name) => {
  const opened: { dataSource: DataSource; database: TestDatabase }[] = [];
  afterEach(async () => {
    for (const { dataSource, database } of opened.splice(0)) {
      await dataSource.destroy();
      await database.drop();
    }
  });

  async function play(isAudited: boolean): Promise<unknown[]> {
    const Job = jobClass(isAudited);
    const database = await createDatabase(name);
    const dataSource = new DataSource({ ...database.options, entities: [Job, Hall], synchronize: true });
    await dataSource.initialize();
    opened.push({ dataSource, database });
    if (isAudited) attachAudit(dataSource);
    const { manager } = dataSource;
    await manager.insert(
      Hall,
      [1, 2, 3].map((id) => ({ id, name: `hall ${id}` })),
    );
    await manager.insert(Job, { id: 1, hall: 1 });
    // A batch is read in the async context of whoever asked first, not in that of the hook that waits for it.
    let told: string[] = [];
    const loader = new DataLoader(
      async (ids: readonly number[]) => {
        const halls = await manager.findBy(Hall, { id: In([...ids]) });
        return ids.map((id) => halls.find((hall) => hall.id === id)?.name ?? 'no hall');
      },
      { cache: false },
    );
    const hook: EntitySubscriberInterface = {
      async afterUpdate({ metadata, entity }) {
        if (metadata.tableName === 'job') told.push(await loader.load((entity as { hall: number }).hall));
      },
    };
    dataSource.subscribers.push(hook);
    const seen: unknown[] = [];
    const step = async (title: string, run: () => Promise<unknown>): Promise<void> => {
      told = [];
      const result = await run();
      seen.push({ title, result, told, rows: await manager.find(Job) });
    };
    await step('update()', () => manager.update(Job, 1, { hall: 2 }));
    await step('save()', () => manager.save(Job, { id: 1, hall: 3 }));
    await step('a query builder', () =>
      manager.createQueryBuilder().update(Job).set({ hall: 1 }).where({ id: 1 }).execute(),
    );
    await step('beside another load', () =>
      Promise.all([loader.load(2), manager.update(Job, 1, { hall: 2 }), loader.load(3)]),
    );
    await step('a hall that is missing', () => manager.update(Job, 1, { hall: 9 }));
    if (isAudited) await expectInvariants(dataSource);
    return seen;
  }

  it('is waited for by a hook of an audited write, as without audit', async () => {
    const plain = await play(false);
    expect(await play(true)).toEqual(plain);
    expect(plain.map((step) => (step as { told: string[] }).told)).toEqual([
      ['hall 2'],
      ['hall 3'],
      ['hall 1'],
      ['hall 2'],
      ['no hall'],
    ]);
  });
});
