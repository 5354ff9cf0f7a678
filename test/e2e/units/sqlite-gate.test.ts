import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type EntityManager } from 'typeorm';
import { AccountHooks, onAccountHook } from '../../support/worlds/hooked-accounts.js';
import { describeTwins, settled } from '../../support/worlds/twins.js';
import { Account, Line } from '../../support/entities/accounts.js';

type Job = () => Promise<unknown>;

/** Works off jobs one by one, in the context in which it was started, as a queue or a batching loader does. */
class Worker {
  private readonly jobs: { run: Job; done: (outcome: unknown) => void }[] = [];
  private wake: () => void = () => undefined;
  private isOver = false;

  do(run: Job): Promise<unknown> {
    return new Promise((done) => {
      this.jobs.push({ run, done });
      this.wake();
    });
  }

  async start(): Promise<void> {
    while (!this.isOver) {
      const job = this.jobs.shift();
      if (job) job.done(await settled(job.run()));
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  stop(): void {
    this.isOver = true;
    this.wake();
  }
}

const writes: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'insert()': (manager) => manager.insert(Account, { id: 2 }),
  'update()': (manager) => manager.update(Account, 1, { balance: 7 }),
  'upsert()': (manager) => manager.upsert(Account, { id: 1, balance: 7 }, ['id']),
  'delete()': (manager) => manager.delete(Account, 1),
};

const options = { entities: [Account, Line], subscribers: [AccountHooks] };

describeTwins('a hook that waits for work elsewhere', options, (twins) => {
  const worker = new Worker();
  beforeAll(() => void worker.start());
  afterAll(() => {
    worker.stop();
    onAccountHook();
  });

  for (const [name, write] of Object.entries(writes))
    it(`of a table with and one without history, goes on: ${name}`, async () => {
      let id = 10;
      const revisions = await twins().play(async ({ manager }) => {
        await manager.insert(Account, { id: 1 });
        id = 10;
        onAccountHook(async () => {
          id++;
          await worker.do(() => manager.insert(Line, { id, text: 'by the worker' }));
          await worker.do(() => manager.insert(Account, { id }));
          await worker.do(() => manager.countBy(Account, {}));
        });
        await write(manager);
        onAccountHook();
      });
      expect(revisions).toHaveLength(4);
    });

  it('lets the writes of others go on meanwhile', async () => {
    const revisions = await twins().play(async ({ manager }) => {
      await manager.insert(Account, { id: 1 });
      let others: Promise<unknown> | undefined;
      onAccountHook(async () => {
        others ??= worker.do(() => manager.update(Account, 1, { code: 'other' }));
        await others;
      });
      await manager.update(Account, 1, { balance: 3 });
      onAccountHook();
    });
    expect(revisions).toHaveLength(3);
  });
});
