import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataSource, type Repository } from 'typeorm';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { Channel, Client, Depot, orderEntities, SalesOrder, Sticker } from '../../support/entities/orders.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

describeDatabases('describe()', (name) => {
  const queries = new QueryRecorder();
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let orders: Repository<SalesOrder>;
  let clients: Repository<Client>;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: orderEntities, logging: true, logger: queries });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    orders = dataSource.getRepository(SalesOrder);
    clients = dataSource.getRepository(Client);
  });
  afterAll(() => audited.close());
  afterEach(() => expectInvariants(dataSource));

  const as = <T>(actor: string, write: () => Promise<T>, more = {}): Promise<T> =>
    audited.context.run({ actor, ...more }, write);
  const saved = (values: object): Promise<SalesOrder> => orders.save(orders.create(values));
  const client = (of: string): Promise<Client> => clients.save(clients.create({ name: of }));
  const newest = async (id: number): Promise<Revision<SalesOrder>> => (await history.latest(SalesOrder, id))!;
  const told = async (id: number): Promise<string> => history.describe(await newest(id));

  it('is a sentence with actor, entity, changes and reason', async () => {
    const { id } = await saved({ total: '12.50' });
    await as('ann', () => orders.update(id, { status: 'paid', total: '1234567.80' }), {
      reason: 'Steve called',
    });
    expect(await told(id)).toBe(
      `ann changed sales order ${id}: status open → paid, total 12.50 → 1,234,567.80 (Steve called)`,
    );
  });

  it('has a verb for each operation', async () => {
    const { id } = await as('ann', () => saved({ status: 'open', note: 'call back' }));
    expect(await told(id)).toBe(`ann created sales order ${id}: status open, note call back`);
    await as('bob', () => orders.softDelete(id));
    expect(await told(id)).toBe(`bob moved sales order ${id} to the bin`);
    await as('bob', () => orders.restore(id));
    expect(await told(id)).toBe(`bob took sales order ${id} out of the bin`);
    await as('bob', () => orders.update(id, { note: null }));
    expect(await told(id)).toBe(`bob changed sales order ${id}: note call back → none`);
    await as('ann', () => history.restore(SalesOrder, id, 1));
    expect(await told(id)).toBe(`ann restored sales order ${id} to version 1: note none → call back`);
    await as('ann', async () => history.undo((await newest(id)).transaction));
    expect(await told(id)).toBe(`ann changed sales order ${id} (undo): note call back → none`);
    await orders.delete(id);
    expect(await told(id)).toBe(`Somebody deleted sales order ${id}`);
    const before = (await history.revision(SalesOrder, id, 5))!.createdAt;
    await as('ann', () => history.restore(SalesOrder, id, before));
    expect(await history.describe(await newest(id), { timeZone: 'UTC' })).toMatch(
      new RegExp(
        `^ann restored sales order ${id} to how it was on \\w{3} \\d+, \\d{4}, [\\d:]+ [AP]M: status open`,
      ),
    );
  });

  it('tells that only a part was restored', async () => {
    const { id } = await saved({ status: 'open', note: 'call back' });
    await orders.update(id, { status: 'paid', note: 'paid in cash' });
    await as('ann', () => history.restore(SalesOrder, id, 1, { properties: ['note'] }));
    const parted = await newest(id);
    expect(parted.reason).toBe('restore of note of version 1');
    const sentence = `ann restored a part of sales order ${id} to version 1: note paid in cash → call back`;
    expect(await told(id)).toBe(sentence);
    // The reason of a restore of more properties than it has room for.
    const many = { ...parted, reason: 'restore of 41 properties of version 1' };
    expect(await history.describe(many)).toBe(sentence);
    const moment = { ...parted, reason: 'restore of status, note of 2026-11-23T06:59:17.203Z' };
    expect(await history.describe(moment, { timeZone: 'UTC' })).toMatch(
      new RegExp(`^ann restored a part of sales order ${id} to how it was on Nov 23, 2026, [\\d:]+ AM: note`),
    );
    const own = { ...parted, reason: 'restore of the backup of version 1' };
    expect(await history.describe(own)).toMatch(/^ann changed .* \(restore of the backup of version 1\)$/);
  });

  it('calls references as they were called then', async () => {
    const [meyer, huber] = [await client('Meyer'), await client('Huber')];
    const { id } = await saved({ client: meyer });
    await as('ann', () => orders.update(id, { status: 'cancelled', client: huber }));
    const revision = await newest(id);
    const created = (await history.revision(SalesOrder, id, 1))!;
    await clients.update(meyer.id, { name: 'Meyer & Sons' });
    await clients.update(huber.id, { name: 'Huber Ltd' });
    await clients.delete(huber.id);
    expect(await history.describe([revision, created])).toEqual([
      `ann changed sales order ${id}: status open → cancelled, client Meyer → Huber`,
      `Somebody created sales order ${id}: status open, client Meyer`,
    ]);
    // Huber is gone, and the order still refers to it.
    await as('ann', () => orders.update(id, { client: meyer }));
    expect(await told(id)).toBe(`ann changed sales order ${id}: client Huber Ltd → Meyer & Sons`);
    expect(await history.describe((await history.latest(Client, huber.id))!)).toBe(
      'Somebody deleted client Huber Ltd',
    );
    await orders.update(id, { client: { id: 9_999 } });
    expect(await told(id)).toBe(`Somebody changed sales order ${id}: client Meyer & Sons → 9999`);
    await orders.update(id, { client: null });
    expect(await told(id)).toBe(`Somebody changed sales order ${id}: client 9999 → none`);
  });

  it('finds a reference that was made in the same transaction', async () => {
    const order = await dataSource.transaction(async (manager) => {
      // The order comes first, which its reference without a constraint allows.
      const made = await manager.save(orders.create({ client: { id: 4_711 } }));
      await manager
        .createQueryBuilder()
        .insert()
        .into(Client, ['id', 'name'])
        .values({ id: 4_711, name: 'Late' })
        .execute();
      return made;
    });
    expect(await told(order.id)).toBe(`Somebody created sales order ${order.id}: status open, client Late`);
  });

  it('resolves composite keys, and leaves what is not audited its key', async () => {
    const depots = dataSource.getRepository(Depot);
    const [graz, wien] = await depots.save([
      { country: 'at', place: 8, title: 'Graz' },
      { country: 'at', place: 1, title: null },
    ]);
    const channel = await dataSource.getRepository(Channel).save({ name: 'web' });
    const { id } = await saved({ depot: graz });
    await orders.update(id, { depot: wien, channel });
    await depots.update({ country: 'at', place: 8 }, { title: 'Graz-West' });
    expect(await told(id)).toBe(
      `Somebody changed sales order ${id}: depot the depot in Graz → at/1, channel none → ${channel.id}`,
    );
    expect(await history.describe((await history.latest(Depot, { country: 'at', place: 8 }))!)).toBe(
      'Somebody changed the depot in Graz-West: title Graz → Graz-West',
    );
    expect(await history.describe((await history.latest(Depot, { country: 'at', place: 1 }))!)).toBe(
      'Somebody created depot at/1',
    );
  });

  it('tells links by both of their sides', async () => {
    const [red] = await dataSource.getRepository(Sticker).save([{ code: 'r', text: 'fragile' }]);
    const order = await saved({ stickers: [red] });
    order.stickers = [];
    await as('ann', () => orders.save(order));
    const { items } = await history.feed({ entities: ['order_stickers'] });
    expect(await history.describe(items)).toEqual([
      `ann removed sticker fragile from stickers of sales order ${order.id}`,
      `Somebody added sticker fragile to stickers of sales order ${order.id}`,
    ]);
  });

  it('shows values in short, and no masked ones', async () => {
    const { id } = await saved({
      card: '1111',
      isGift: false,
      delivery: { city: 'Graz', day: '2026-03-09' },
    });
    expect(await told(id)).toBe(
      `Somebody created sales order ${id}: status open, is gift no, delivery city Graz, delivery day Mar 9, 2026`,
    );
    await orders.update(id, {
      card: '2222',
      isGift: true,
      wishes: { seat: 'aisle' },
      note: `${'long '.repeat(40)}end`,
      delivery: { city: '' },
    });
    expect(await told(id)).toBe(
      `Somebody changed sales order ${id}: is gift no → yes, wishes none → {"seat":"aisle"}, ` +
        `note none → ${'long '.repeat(11)}long…, card changed, delivery city Graz → ""`,
    );
    await orders.update(id, { note: `${'long '.repeat(40)}other end` });
    expect(await told(id)).toBe(`Somebody changed sales order ${id}: note changed`);
  });

  it('says nothing of what changes with every write', async () => {
    const { id } = await saved({});
    await orders.update(id, { updatedAt: new Date(0) });
    expect((await newest(id)).changes.length).toBeGreaterThan(0);
    expect(await told(id)).toBe(`Somebody changed sales order ${id}`);
  });

  describe('of an action', () => {
    it('has its sentence for the entity that it means, and its name for others', async () => {
      const words = { en: { actions: { 'order.cancel': { sales_order: '{actor} cancelled {entity}' } } } };
      const speaking = new HistoryService(dataSource, undefined, { words });
      const meyer = await client('Meyer');
      const { id } = await saved({});
      await as(
        'ann',
        () =>
          dataSource.transaction(async (manager) => {
            await manager.update(SalesOrder, id, { status: 'cancelled' });
            await manager.update(Client, meyer.id, { name: 'Maier' });
          }),
        { action: 'order.cancel' },
      );
      const { items } = await history.transaction((await newest(id)).transaction);
      expect(await speaking.describe(items)).toEqual([
        `ann cancelled sales order ${id}: status open → cancelled`,
        'ann changed client Maier (order.cancel): name Meyer → Maier',
      ]);
      expect(await told(id)).toBe(`ann changed sales order ${id} (order.cancel): status open → cancelled`);
    });
  });

  it('takes few queries for many revisions', async () => {
    const made = await clients.save(
      Array.from({ length: 50 }, (_, n) => clients.create({ name: `Client ${n}` })),
    );
    const placed = await orders.save(made.map((each) => orders.create({ client: each })));
    await orders.save(placed.map((order, n) => ({ id: order.id, client: made[(n + 1) % 50] })));
    const { items } = await history.feed({ entities: [SalesOrder], limit: 50 });
    queries.clear();
    const sentences = await history.describe(items);
    // The moments and actions, and the 100 clients before and after.
    expect(queries.queries).toHaveLength(2);
    const last = placed.at(-1)!.id;
    expect(sentences).toContain(`Somebody changed sales order ${last}: client Client 49 → Client 0`);
    expect(sentences).toContain(`Somebody changed sales order ${placed[0].id}: client Client 0 → Client 1`);
  });

  it('tells a dry run, and nothing of nothing', async () => {
    const { id } = await saved({ status: 'paid' });
    await orders.update(id, { status: 'cancelled' });
    const planned = (await history.restore(SalesOrder, id, 1, { dryRun: true }))!;
    expect(await history.describe(planned)).toBe(
      `Somebody restored sales order ${id} to version 1: status cancelled → paid`,
    );
    expect(await history.describe([])).toEqual([]);
  });

  it('names the argument that is wrong', async () => {
    const { id } = await saved({});
    const revision = await newest(id);
    const refused = async (call: Promise<unknown>, argument: string, problem: string): Promise<void> =>
      expect(call).rejects.toMatchObject({
        name: InvalidArgumentError.name,
        argument,
        message: `${argument} ${problem}`,
      });
    await refused(
      history.describe(null as never),
      'revision',
      'must be a revision or an array of revisions, got null.',
    );
    await refused(
      history.describe([{} as never]),
      'revision',
      'must be a revision or an array of revisions, got an object without the id of a revision.',
    );
    await refused(
      history.describe({ ...revision, entity: 'parcel' }),
      'revision',
      'must be of an audited entity of this data source, got one of "parcel".',
    );
    await refused(
      history.describe(revision, { locale: 'x' }),
      'locale',
      `must be a language tag such as 'de' or 'en-GB', got "x".`,
    );
    await refused(
      history.describe(revision, { timeZone: 'Graz' }),
      'timeZone',
      `must be the name of a time zone such as 'Europe/Berlin', got "Graz".`,
    );
  });
});
