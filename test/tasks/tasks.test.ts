import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditContext, AuditMaintenance, HistoryService, ReasonRequiredError } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { type Repository } from 'typeorm';
import { expectInvariants } from '../support/assertions/invariants.js';
import { pageAt, ROOT, rowsOf } from '../support/docs/pages.js';
import { dataSourceOf } from '../support/http/app.js';
import { describeDatabases } from '../support/servers/databases.js';
import { Questions } from './questions.js';
import { openShop, type Shop } from './shop.app.js';
import { Customer, Order, OrderLine, Price } from './shop.js';

const TASKS = pageAt('docs/tasks.md');
const IMPORTED = 200;

describeDatabases('the tasks of docs/tasks.md', (name) => {
  let shop: Shop;
  let questions: Questions;
  let history: HistoryService;
  let audit: AuditContext;
  let orders: Repository<Order>;
  let began: Date;
  let beforeCancellations: Date;

  beforeAll(async () => {
    shop = await openShop(name);
    questions = shop.app.get(Questions);
    history = shop.app.get(HistoryService);
    audit = shop.app.get(AuditContext);
    const dataSource = dataSourceOf(shop.app);
    orders = dataSource.getRepository(Order);
    began = new Date();
    await audit.run({ actor: 'ann' }, async () => {
      const customer = await dataSource.getRepository(Customer).save({ name: 'Meyer' });
      await orders.save(
        Array.from({ length: 50 }, (_, n) => ({ status: n < 3 ? 'open' : 'paid', total: 10, customer })),
      );
      const lines = dataSource.getRepository(OrderLine);
      await lines.save(
        Array.from({ length: 20 }, (_, n) => ({ sku: `A${n}`, count: n + 1, order: { id: 17 } })),
      );
      await lines.save([1, 2].map((id) => ({ sku: `B${id}`, count: id, order: { id } })));
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    beforeCancellations = new Date();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await audit.run({ actor: 'bob', reason: 'no stock' }, () =>
      orders.update([5, 6], { status: 'cancelled' }),
    );
    await audit.run({ actor: 'bob' }, () => orders.update(1, { status: 'cancelled' }));
    await audit.run({ actor: 'bob' }, () =>
      dataSource.getRepository(OrderLine).delete({ order: { id: 17 } }),
    );
  });
  beforeEach(() => shop.queries.clear());
  afterAll(async () => {
    await expectInvariants(dataSourceOf(shop.app));
    await shop.close();
  });

  /** Runs a task, and compares the number of its statements with the page's. */
  async function counted<T>(task: string, run: () => Promise<T>): Promise<T> {
    shop.queries.clear();
    const result = await run();
    const [, , statements] = rowsOf(TASKS, 'task').find(([link]) => link.startsWith(`[${task}]`))!;
    expect([task, String(shop.queries.queries.length)]).toEqual([task, statements]);
    return result;
  }

  it('who last changed these 50', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => n + 1);
    const changes = await counted('who last changed', () => questions.lastChanges(ids));
    expect(changes.filter(({ actor }) => actor === 'bob').map(({ id }) => id)).toEqual([1, 5, 6]);
    expect(changes.every(({ at }) => at instanceof Date)).toBe(true);
  });

  it('from paid to cancelled', async () => {
    const cancelled = await questions.cancelledAfterPayment(began, new Date());
    expect(cancelled.sort((left, right) => Number(left.id) - Number(right.id))).toEqual([
      { id: 5, actor: 'bob', reason: 'no stock' },
      { id: 6, actor: 'bob', reason: 'no stock' },
    ]);
    const none = () => questions.cancelledAfterPayment(began, beforeCancellations);
    expect(await counted('from paid to cancelled', none)).toEqual([]);
  });

  it('open orders at a moment, with their lines as CSV', async () => {
    expect(await questions.openOrders(beforeCancellations)).toBe('1,Meyer,B1,1\n2,Meyer,B2,2');
    expect(await counted('open at month end', () => questions.openOrders(new Date()))).toBe('2,Meyer,B2,2');
  });

  it('two versions in a sentence', async () => {
    const sentence = await counted('two versions', () => questions.difference(5, 1, 2));
    expect(sentence).toBe('Order 5: status paid → cancelled');
  });

  it('many rows with one reason, and reading them back in pages', async () => {
    await orders.insert(
      Array.from({ length: IMPORTED }, () => ({ status: 'paid', total: 1, customer: { id: 1 } })),
    );
    const count = await orders.count();
    await audit.run({ actor: 'import' }, () => questions.raiseAll('prices of 2027'));
    const raised = [];
    for await (const each of questions.changedFor('prices of 2027')) raised.push(each);
    expect(new Set(raised.map(({ id }) => id)).size).toBe(count);
    expect(
      raised.every(
        ({ changes: [{ property, from, to }] }) => property === 'total' && Number(to) === Number(from) + 1,
      ),
    ).toBe(true);
  });

  it('what somebody did, events too', async () => {
    const actions = await questions.actionsOf('bob');
    expect(actions.slice(0, 3)).toEqual(['delete of line', 'delete of line', 'delete of line']);
    expect(actions).toHaveLength(20 + 3);
    expect(await counted('a leaver', () => questions.actionsOf('bob'))).toEqual(actions);
    expect(await questions.actionsOf('nobody')).toEqual([]);
  });

  it('what a request did', async () => {
    const server = shop.app.getHttpServer() as Parameters<typeof request>[0];
    const cancel = request(server)
      .post('/orders/9/cancel')
      .set('x-user', 'ann')
      .set('x-request-id', 'request-7');
    await cancel.expect(201);
    expect(await questions.doneBy('request-7')).toEqual(['Ann cancelled order 9: status paid → cancelled']);
    await counted('a request', () => questions.doneBy('request-7'));
    expect(await questions.doneBy('request-8')).toEqual([]);
  });

  it('a reason that is required', async () => {
    await expect(questions.setPrice('A1', 100)).rejects.toThrow(ReasonRequiredError);
    expect(await dataSourceOf(shop.app).getRepository(Price).count()).toBe(0);
    await questions.setPrice('A1', 100, 'new in 2027');
    expect((await history.latest(Price, 'A1'))?.reason).toBe('new in 2027');
  });

  it('an alert outside working hours', async () => {
    await questions.setPrice('A2', 100, 'new');
    const alerts: string[] = [];
    await questions.alertOutsideHours(new Date(0), (sentence) => alerts.push(sentence));
    const { items } = await history.feed({ entities: [Price] });
    const late = items.filter(({ createdAt }) => createdAt.getHours() < 7 || createdAt.getHours() >= 19);
    expect(alerts).toEqual(await history.describe(late));
  });

  it('a dataloader', async () => {
    const server = shop.app.getHttpServer() as Parameters<typeof request>[0];
    const { body } = await request(server)
      .post('/graphql')
      .send({ query: '{ orders { id lastChangedBy } }' });
    const found = body.data.orders as { id: number; lastChangedBy: string | null }[];
    const asked = shop.queries.statements.filter((sql) => /orders_rev/.test(sql));
    // One query for each 100 orders.
    expect(asked).toHaveLength(Math.ceil(found.length / 100));
    expect(found.find(({ id }) => id === 9)).toEqual({ id: 9, lastChangedBy: 'ann' });
  });

  it('off for seeding, with its trace', async () => {
    const seeded = [{ status: 'paid', total: 1, customer: { id: 1 } as Customer }];
    const traces = await audit.run({ actor: 'seeder' }, () => questions.seed(seeded));
    expect(traces).toEqual([
      [
        'seeder',
        expect.stringContaining('orders'),
        expect.objectContaining({ operation: 'insert', rows: 1, by: 'without' }),
      ],
    ]);
  });

  it('gives what was seeded its history, when it is complete', async () => {
    await shop.app.get(AuditMaintenance).backfill(Order);
    const seeded = await orders.findOneOrFail({ where: {}, order: { id: 'DESC' } });
    expect(await history.latest(Order, seeded.id)).toMatchObject({ operation: 'baseline', version: 1 });
  });

  it('20 deleted children back', async () => {
    expect(
      await dataSourceOf(shop.app)
        .getRepository(OrderLine)
        .countBy({ order: { id: 17 } }),
    ).toBe(0);
    shop.queries.clear();
    const restored = await audit.run({ actor: 'ann' }, () => questions.linesBack(17));
    expect(shop.queries.queries.length).toBeLessThanOrEqual(2 + 20);
    expect(restored).toHaveLength(20);
    expect(
      await dataSourceOf(shop.app)
        .getRepository(OrderLine)
        .countBy({ order: { id: 17 } }),
    ).toBe(20);
  });

  it('an entry that a test asserts', async () => {
    await audit.run({ actor: 'ann', reason: 'Steve called' }, () => orders.update(2, { status: 'paid' }));
    expect(await history.latest(Order, 2)).toMatchObject({
      operation: 'update',
      actor: 'ann',
      reason: 'Steve called',
      changes: [{ property: 'status', from: 'open', to: 'paid' }],
    });
  });
});

describe('docs/tasks.md', () => {
  const flat = (text: string): string => text.replace(/^\s+/gm, '').trim();
  const blocks = TASKS.blocks.filter(({ language }) => language === 'ts').map(({ code }) => code.trim());

  it('shows the code that these tests run', () => {
    const files = ['questions.ts', 'order.resolver.ts', 'tasks.test.ts', 'shop.ts'];
    const code = flat(files.map((file) => readFileSync(join(ROOT, 'test/tasks', file), 'utf8')).join('\n'));
    for (const block of blocks) expect(code).toContain(flat(block));
  });

  it('has 13 tasks of at most 10 lines and 2 calls', () => {
    const tasks = rowsOf(TASKS, 'task');
    expect(tasks).toHaveLength(13);
    for (const [, calls] of tasks) expect(calls.split(', ').length).toBeLessThanOrEqual(2);
    // Without the line that names a method, and its closing brace.
    for (const block of blocks) expect(block.split('\n').slice(1, -1).length).toBeLessThanOrEqual(10);
  });
});
