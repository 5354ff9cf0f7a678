import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CanActivate, type ExecutionContext, type INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Exclude } from 'class-transformer';
import {
  AuditContext,
  Audited,
  AuditModule,
  type EndpointOptions,
  type EndpointWrite,
  HistoryService,
} from 'nestjs-typeorm-audit';
import request from 'supertest';
import { Column, type DataSource, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { dataSourceOf, platforms, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited({ name: 'orders' })
@Entity()
class PurchaseOrder {
  @PrimaryGeneratedColumn() id!: number;
  @Column() status!: string;
  @Column({ unique: true }) label!: string;
}

@Audited()
@Entity()
class Employee {
  @PrimaryColumn() country!: string;
  @PrimaryColumn() number!: number;
  @Column() name!: string;
  @Exclude() @Column({ unique: true }) badge!: string;
  @Column({ select: false, default: 'none' }) pin!: string;
}

@Audited({ requireReason: true })
@Entity()
class Booking {
  @PrimaryGeneratedColumn() id!: number;
  @Column() room!: string;
}

/** The user of the header `x-user`. */
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<any>();
    request.user = { id: request.headers['x-user'] };
    return request.user.id !== undefined;
  }
}

describe.each(platforms)('the routes that write, on %s', (platform) => {
  let app: INestApplication;
  let dataSource: DataSource;
  let asked: EndpointWrite[];
  let order: PurchaseOrder;
  let number = 0;
  const post = (path: string, body?: object | string, user = 'ann') =>
    request(app.getHttpServer()).post(path).set('x-user', user).type('application/json').send(body);
  const start = (endpoints: EndpointOptions) =>
    startApp(
      {
        imports: [
          sqlite([PurchaseOrder, Employee, Booking]),
          AuditModule.forRoot({ endpoints: { guards: [HeaderGuard], ...endpoints } }),
        ],
      },
      { platform },
    );

  beforeAll(async () => {
    app = await start({
      canWrite: async ({ user }, write) => {
        asked.push(write);
        return user.id === 'bob' ? ('yes' as never) : user.id !== 'eva';
      },
    });
    dataSource = dataSourceOf(app);
  });
  beforeEach(async () => {
    asked = [];
    const orders = dataSource.getRepository(PurchaseOrder);
    order = await orders.save({ status: 'open', label: `label ${++number}` });
    await orders.update(order.id, { status: 'paid' });
    await orders.update(order.id, { label: `other ${number}` });
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => app.close());

  const versions = () =>
    dataSource.query(`SELECT count(*) AS n FROM purchase_order_rev WHERE id = ${order.id}`);

  it('restores an entity, by the user of the request', async () => {
    const path = `/audit/orders/${order.id}/restore`;
    const body = { at: 1, expectedVersion: 3, properties: ['status'] };
    const planned = await post(path, { ...body, dryRun: true }).expect(200);
    expect(planned.body.revision).toMatchObject({ version: 4, snapshot: { status: 'open' } });
    const { body: answer, headers } = await post(path, body).expect(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(answer).toEqual({
      revision: expect.objectContaining({
        entity: 'orders',
        version: 4,
        actor: 'ann',
        reason: 'restore of status of version 1',
        snapshot: { id: order.id, status: 'open', label: `other ${number}` },
        changes: [{ property: 'status', from: 'paid', to: 'open' }],
      }),
    });
    expect(asked[0]).toEqual({ action: 'restore', entity: 'orders', id: order.id });
    const again = await post(path, { ...body, expectedVersion: 4 }).expect(200);
    expect(again.body).toEqual({ revision: null });
    const { createdAt } = answer.revision;
    const whole = { at: createdAt, expectedVersion: 4, reason: 'Ann called' };
    expect((await post(path, { ...whole, at: 2 }).expect(200)).body.revision).toMatchObject({
      version: 5,
      reason: 'Ann called',
      snapshot: { status: 'paid', label: `label ${number}` },
    });
    expect((await post(path, { ...whole, expectedVersion: 5 }).expect(200)).body.revision).toMatchObject({
      snapshot: { status: 'open', label: `other ${number}` },
    });
  });

  it('answers 409 with what has changed since', async () => {
    const { body } = await post(`/audit/orders/${order.id}/restore`, { at: 1, expectedVersion: 2 }).expect(
      409,
    );
    const problem = `PurchaseOrder ${order.id} has changed since version 2, in version 3`;
    expect(body).toEqual({
      statusCode: 409,
      error: 'Conflict',
      message: expect.stringContaining(problem),
      count: 1,
      conflicts: [
        {
          entity: 'orders',
          id: order.id,
          problem,
          remedy: expect.stringContaining('expectedVersion 3'),
          version: 2,
          changedSince: [
            expect.objectContaining({
              version: 3,
              createdAt: expect.stringMatching(/Z$/),
              changes: [{ property: 'label', from: `label ${number}`, to: `other ${number}` }],
            }),
          ],
        },
      ],
    });
    expect(body.conflicts[0].changedSince[0]).not.toHaveProperty('snapshot');
    expect(await versions()).toEqual([{ n: 3 }]);
  });

  it('lets one of several requests at once win', async () => {
    const answers = await Promise.all(
      ['ann', 'tom', 'kim'].map((user) =>
        post(`/audit/orders/${order.id}/restore`, { at: 1, expectedVersion: 3 }, user),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(await versions()).toEqual([{ n: 4 }]);
  });

  it('undoes a transaction', async () => {
    const history = app.get(HistoryService);
    const { transaction } = (await history.latest(PurchaseOrder, order.id))!;
    const path = `/audit/transactions/${transaction}/undo`;
    const planned = await post(path, { dryRun: true }).expect(200);
    expect(planned.body).toMatchObject({ transaction: null, count: 1, items: [{ version: 4 }] });
    const { body } = await post(path, {}).expect(200);
    expect(body).toMatchObject({
      count: 1,
      items: [{ entity: 'orders', version: 4, actor: 'ann', reason: `undo of ${transaction}` }],
    });
    expect((await history.transaction(body.transaction)).items).toHaveLength(1);
    expect(asked.at(-1)).toEqual({ action: 'undo', transaction, entities: ['orders'] });
    const conflict = await post(path, {}).expect(409);
    expect(conflict.body.conflicts).toMatchObject([{ version: 3, changedSince: [{ version: 4 }] }]);
  });

  it('shows an undo in pages', async () => {
    const orders = dataSource.getRepository(PurchaseOrder);
    await orders.save(['a', 'b', 'c'].map((name) => ({ status: 'open', label: `${name} ${number}` })));
    const { transaction } = (await app.get(HistoryService).feed({ limit: 1 })).items[0];
    const path = `/audit/transactions/${transaction}/undo`;
    const planned = await post(path, { dryRun: true, limit: 2 }).expect(200);
    expect(planned.body).toMatchObject({ transaction: null, count: 3, items: { length: 2 } });
    const { nextCursor } = planned.body;
    const next = await post(path, { dryRun: true, limit: 2, cursor: nextCursor }).expect(200);
    expect(next.body).toMatchObject({ count: 3, items: { length: 1 }, nextCursor: null });
    expect((await post(path, { limit: 2, cursor: nextCursor }).expect(400)).body.field).toBe('cursor');
    expect((await post(path, { limit: 1000 }).expect(400)).body.field).toBe('limit');
    const { body } = await post(path, { limit: 1 }).expect(200);
    const rest = await request(app.getHttpServer())
      .get(`/audit/transactions/${body.transaction}`)
      .set('x-user', 'ann')
      .query({ cursor: body.nextCursor })
      .expect(200);
    expect(rest.body.items).toHaveLength(2);
  });

  it('asks for a reason where the entity requires one', async () => {
    const bookings = dataSource.getRepository(Booking);
    const because = (room: string) =>
      app.get(AuditContext).run({ reason: 'Ann called' }, () => bookings.save({ id: 1, room }));
    await because('12');
    await because('14');
    const path = '/audit/booking/1/restore';
    const body = { at: 1, expectedVersion: 2 };
    const refused = {
      statusCode: 400,
      error: 'Bad Request',
      message: expect.stringMatching(/^reason must be given, got nothing. requireReason is on for booking/),
      field: 'reason',
    };
    expect((await post(path, body).expect(400)).body).toEqual(refused);
    await post(path, { ...body, dryRun: true }).expect(200);
    const given = { ...body, reason: 'Wrong room' };
    const { revision } = (await post(path, given).expect(200)).body;
    expect(revision).toMatchObject({ version: 3, reason: 'Wrong room', snapshot: { room: '12' } });
    const undo = `/audit/transactions/${revision.transaction}/undo`;
    expect((await post(undo, {}).expect(400)).body).toEqual(refused);
    await post(undo, { reason: 'Right room' }).expect(200);
    expect((await app.get(HistoryService).latest(Booking, 1))?.version).toBe(4);
  });

  it.each(['eva', 'bob'])('answers 403 where canWrite does not say true to %s', async (user) => {
    const { transaction } = (await app.get(HistoryService).latest(PurchaseOrder, order.id))!;
    const body = { at: 1, expectedVersion: 3 };
    await post(`/audit/orders/${order.id}/restore`, body, user).expect(403);
    await post(`/audit/transactions/${transaction}/undo`, {}, user).expect(403);
    expect(await versions()).toEqual([{ n: 3 }]);
  });

  it.each<[object | string | undefined, string]>([
    [{ at: 1 }, 'expectedVersion'],
    [{ expectedVersion: 3 }, 'at'],
    [{ at: 'yesterday', expectedVersion: 3 }, 'at'],
    [{ at: 9, expectedVersion: 3 }, 'at'],
    [{ at: 1, expectedVersion: '3' }, 'expectedVersion'],
    [{ at: 1, expectedVersion: 4 }, 'expectedVersion'],
    [{ at: 1, expectedVersion: 3, properties: 'status' }, 'properties'],
    [{ at: 1, expectedVersion: 3, properties: ['id'] }, 'properties'],
    [{ at: 1, expectedVersion: 3, dryRun: 'false' }, 'dryRun'],
    [{ at: 1, expectedVersion: 3, reason: 'x'.repeat(256) }, 'reason'],
    [{ at: 1, expectedVersion: 3, reason: '\0' }, 'reason'],
    [{ at: 1, expectedVersion: 3, version: 2 }, 'version'],
    [[], 'body'],
  ])('answers 400 for the body %j, and names %s', async (body, field) => {
    const answer = await post(`/audit/orders/${order.id}/restore`, body).expect(400);
    expect(answer.body).toMatchObject({ field, message: expect.stringMatching(`^${field} `) });
    expect(await versions()).toEqual([{ n: 3 }]);
  });

  it('answers 404 for what does not exist, 400 for what no id can be, 415 for a form', async () => {
    const body = { at: 1, expectedVersion: 3 };
    await post('/audit/nothing/1/restore', body).expect(404);
    await post('/audit/orders/999999/restore', body).expect(404);
    await post('/audit/orders/x/restore', body).expect(400);
    await post('/audit/transactions/01a20739-8868-7412-b5a4-d0b03f1f31c2/undo', {}).expect(404);
    await post('/audit/transactions/7/undo', {}).expect(400);
    const { transaction } = (await app.get(HistoryService).latest(PurchaseOrder, order.id))!;
    const undo = () => request(app.getHttpServer()).post(`/audit/transactions/${transaction}/undo`);
    await undo().set('x-user', 'ann').type('text/plain').send('{}').expect(415);
    await undo().set('x-user', 'ann').type('form').send('a=1').expect(415);
    await undo().type('application/json').send({}).expect(403);
    expect(await versions()).toEqual([{ n: 3 }]);
  });

  it('restores and shows nothing that the application hides', async () => {
    const employees = dataSource.getRepository(Employee);
    const key = { country: 'a,b', number };
    await employees.save({ ...key, name: 'Ann', badge: `one ${number}`, pin: '1' });
    await employees.update(key, { name: 'Eva', badge: `two ${number}`, pin: '2' });
    const path = `/audit/employee/a%2Cb,${number}/restore`;
    for (const property of ['badge', 'pin']) {
      const refused = await post(path, { at: 1, expectedVersion: 2, properties: [property] }).expect(400);
      expect(refused.body).toMatchObject({ field: 'properties' });
    }
    const { body } = await post(path, { at: 1, expectedVersion: 2 }).expect(200);
    expect(body.revision.snapshot).toEqual({ ...key, name: 'Ann' });
    const live = `SELECT name, badge, pin FROM employee WHERE number = ${number}`;
    expect(asked.at(-1)).toEqual({ action: 'restore', entity: 'employee', id: key });
    expect(await dataSource.query(live)).toEqual([{ name: 'Ann', badge: `two ${number}`, pin: '2' }]);

    await employees.update(key, { badge: `three ${number}` });
    const changed = await post(path, { at: 1, expectedVersion: 3 }).expect(409);
    expect(changed.body.conflicts[0].changedSince).toMatchObject([{ version: 4, changes: [] }]);
    expect(JSON.stringify(changed.body)).not.toContain('three');

    // A deleted entity comes back with all it had; the value that is taken isn't named.
    await employees.delete(key);
    const other = { country: 'x', number, name: 'Tom', badge: `one ${number}` };
    await employees.save(other);
    const taken = await post(path, { at: 1, expectedVersion: 5 }).expect(409);
    expect(taken.body).toMatchObject({
      message: 'A value that is hidden here is in the way.',
      conflicts: [{ entity: 'employee', version: 5, problem: 'A value that is hidden here is in the way.' }],
    });
    expect(JSON.stringify(taken.body)).not.toContain('one');
    await employees.delete({ country: 'x', number });
    await post(path, { at: 1, expectedVersion: 5 }).expect(200);
    expect(await dataSource.query(live)).toEqual([{ name: 'Ann', badge: `one ${number}`, pin: '1' }]);
  });

  it('do not exist without canWrite', async () => {
    const reading = await start({});
    try {
      const { transaction } = (await app.get(HistoryService).latest(PurchaseOrder, order.id))!;
      for (const path of ['orders/1/restore', `transactions/${transaction}/undo`])
        await request(reading.getHttpServer())
          .post(`/audit/${path}`)
          .set('x-user', 'ann')
          .send({ at: 1, expectedVersion: 1 })
          .expect(404);
      const { paths } = SwaggerModule.createDocument(reading, new DocumentBuilder().build());
      expect(Object.keys(paths).filter((path) => /restore|undo/.test(path))).toEqual([]);
    } finally {
      await reading.close();
    }
  });

  it('are in the OpenAPI document, with their bodies', async () => {
    const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    const { post: restore } = paths['/audit/{entity}/{id}/restore'] as any;
    expect(restore.parameters.map(({ name }: { name: string }) => name)).toEqual(['entity', 'id']);
    expect(restore.requestBody).toMatchObject({
      required: true,
      content: { 'application/json': { schema: { required: ['at', 'expectedVersion'] } } },
    });
    expect(Object.keys(restore.responses)).toEqual(['200', '400', '403', '404', '409', '415', '503']);
    expect(restore.responses[409].content['application/json'].schema.properties.conflicts).toBeDefined();
    expect(paths['/audit/transactions/{id}/undo']?.post?.requestBody).toBeDefined();
  });
});
