import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { attachAudit, type AttachedAudit, AuditLog, InvalidArgumentError } from 'nestjs-typeorm-audit';
import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { type HistoryService } from '../../../src/history/history.service.js';
import { type EventFeedOptions, type FeedItem, type FeedOptions } from '../../../src/history/types/feed.js';
import { type Page } from '../../../src/history/types/page.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

const entities = Array.from({ length: 30 }, (_, n) => {
  const entity = { [`Part${n}`]: class {} }[`Part${n}`];
  PrimaryColumn({ type: 'int' })(entity.prototype, 'id');
  Column({ type: 'varchar', length: 20 })(entity.prototype, 'status');
  Entity(`part${n}`)(entity);
  Audited()(entity);
  return entity;
});

describeDatabases('a feed by changesets', (name) => {
  const recorder = new QueryRecorder();
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let audit: AttachedAudit;

  async function pagesOf(options: FeedOptions | EventFeedOptions): Promise<FeedItem[][]> {
    const pages: FeedItem[][] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: Page<FeedItem> = await history.feed({ ...options, cursor } as EventFeedOptions);
      pages.push(page.items);
      cursor = page.nextCursor;
    }
    return pages;
  }
  const all = async (options: FeedOptions | EventFeedOptions): Promise<string[]> =>
    (await pagesOf(options)).flat().map(told);
  const told = (item: FeedItem): string =>
    item.kind === 'event'
      ? `event ${item.action}`
      : `${item.entity} ${item.entityId as number} ${item.operation} ${(item.snapshot as { status?: string } | null)?.status ?? ''}`.trim();

  const write = (n: number, id: number, status: string, manager = dataSource.manager) =>
    manager.save(entities[n], { id, status });

  beforeAll(async () => {
    audited = await openAudited(name, { entities, logging: ['query'], logger: recorder });
    ({ dataSource } = audited);
    audit = attachAudit(dataSource);
    ({ history } = audit);
    const log: AuditLog = audit.log;
    const as = (actor: string, action: string | null, fn: () => Promise<unknown>) =>
      audit.context.run({ actor, action, onBehalf: actor === 'ann' ? 'zoe' : null }, fn);
    await as('bob', 'load', async () => {
      for (let n = 0; n < 30; n++) await write(n, 1, 'open');
    });
    await as('ann', 'pay', () => write(3, 1, 'paid'));
    await as('ann', null, () => log.record({ action: 'export', outcome: 'success', details: { rows: 3 } }));
    await as('Ann', 'pay', () => write(4, 1, 'paid'));
    await as('ann', 'cancel', () =>
      dataSource.transaction(async (manager) => {
        await write(3, 1, 'cancelled', manager);
        await write(29, 1, 'paid', manager);
        await write(3, 2, 'open', manager);
      }),
    );
    await as('bob', 'login', () => log.record({ action: 'login' }));
    // Requests come from HTTP.
    await dataSource.query(`UPDATE audit_changeset SET request = 'r2' WHERE action = 'cancel'`);
    await dataSource.query(`UPDATE audit_event SET request = 'r2' WHERE action = 'export'`);
  });
  afterAll(async () => {
    await expectInvariants(dataSource);
    await audited.close();
  });

  const ofAnn = [
    'part3 2 insert open',
    'part29 1 update paid',
    'part3 1 update cancelled',
    'part3 1 update paid',
  ];

  it.each([1, 2, 3, 50])('has what an actor did, in pages of %d', async (limit) => {
    expect(await all({ actor: 'ann', limit })).toEqual(ofAnn);
    expect(await all({ actor: 'Ann', limit })).toEqual(['part4 1 update paid']);
  });

  it('has what an action and a request did', async () => {
    expect(await all({ action: 'pay', limit: 1 })).toEqual(['part4 1 update paid', 'part3 1 update paid']);
    expect(await all({ request: 'r2', limit: 2 })).toEqual(ofAnn.slice(0, 3));
    expect(await all({ action: 'load', limit: 7 })).toHaveLength(30);
    expect(await all({ action: 'pay', actor: 'ann' })).toEqual(['part3 1 update paid']);
    expect(await all({ action: 'PAY' })).toEqual([]);
  });

  it('takes other filters beside', async () => {
    expect(await all({ actor: 'ann', operation: 'insert', limit: 1 })).toEqual(['part3 2 insert open']);
    expect(await all({ actor: 'bob', entities: [entities[7]] })).toEqual(['part7 1 insert open']);
    const changed = { status: { from: 'open', to: 'paid' } };
    expect(await all({ entities: [entities[3], entities[4]], changed, limit: 1 })).toEqual([
      'part4 1 update paid',
      'part3 1 update paid',
    ]);
    expect(await all({ entities: [entities[3]], changed, actor: 'ann' })).toEqual(['part3 1 update paid']);
    expect(await all({ entities: [entities[3]], changed: { status: { to: 'cancelled' } } })).toEqual([
      ofAnn[2],
    ]);
    expect(await all({ not: { actor: 'bob' }, limit: 2 })).toEqual([
      ...ofAnn.slice(0, 3),
      'part4 1 update paid',
      ofAnn[3],
    ]);
    const { createdAt } = (await history.feed({ actor: 'Ann' })).items[0];
    expect(await all({ actor: 'ann', to: createdAt })).toEqual(expect.arrayContaining([ofAnn[3]]));
    expect(await all({ actor: 'ann', from: new Date(Date.now() + 60_000) })).toEqual([]);
    const ever = { from: new Date(0), to: new Date(Date.now() + 60_000) };
    expect(await all({ actor: 'ann', ...ever })).toEqual(ofAnn);
    expect(await all({ actor: 'ann', to: new Date(0) })).toEqual([]);
  });

  it('says what the changeset says', async () => {
    const [first] = (await history.feed({ request: 'r2', limit: 1 })).items;
    expect(first).toMatchObject({ kind: 'revision', action: 'cancel', request: 'r2', onBehalf: 'zoe' });
    const { items } = await history.transaction(first.transaction);
    expect(items.map(told)).toEqual(ofAnn.slice(0, 3).reverse());
    expect(items[0]).toMatchObject({ kind: 'revision', action: 'cancel', request: 'r2', onBehalf: 'zoe' });
    expect(await all({ transaction: first.transaction, limit: 1 })).toEqual(ofAnn.slice(0, 3));
    expect(await all({ transaction: first.transaction, action: 'cancel' })).toHaveLength(3);
    expect(await all({ transaction: first.transaction, action: 'pay' })).toEqual([]);
  });

  it('finds that an actor did nothing by one look at the changesets', async () => {
    await history.feed({ actor: 'zed' });
    recorder.clear();
    expect(await history.feed({ actor: 'zed' })).toEqual({ items: [], nextCursor: null });
    expect(recorder.queries).toHaveLength(1);
    expect(recorder.queries[0].sql).not.toMatch(/_rev/);
  });

  it('reads at most 25 tables by a statement', async () => {
    recorder.clear();
    await pagesOf({ limit: 7 });
    await pagesOf({ limit: 7, operation: 'update' });
    await pagesOf({ limit: 7, actor: 'bob' });
    const { transaction } = (await history.feed({ limit: 1 })).items[0];
    await history.transaction(transaction);
    for (const query of recorder.queries)
      expect(new Set(query.sql.match(/part\d+_rev/g)).size).toBeLessThanOrEqual(25);
  });

  describe('with events', () => {
    it.each([1, 2, 50])('has them in the order of time, in pages of %d', async (limit) => {
      const expected = ['event login', ...ofAnn.slice(0, 3), 'part4 1 update paid', 'event export', ofAnn[3]];
      const items = await all({ events: true, limit });
      expect(items.slice(0, 7)).toEqual(expected);
      expect(items).toHaveLength(37);
      expect(await all({ events: true, actor: 'ann', limit })).toEqual([
        ...ofAnn.slice(0, 3),
        'event export',
        ofAnn[3],
      ]);
      expect(await all({ events: true, request: 'r2', limit })).toEqual([
        ...ofAnn.slice(0, 3),
        'event export',
      ]);
      expect(await all({ events: true, action: 'login', limit })).toEqual(['event login']);
      expect(await all({ events: true, not: { actor: 'bob' }, limit })).toHaveLength(6);
      const ever = { from: new Date(0), to: new Date(Date.now() + 60_000) };
      expect(await all({ events: true, action: 'login', ...ever, limit })).toEqual(['event login']);
      expect(await all({ events: true, action: 'export', actor: 'ann', ...ever, limit })).toEqual([
        'event export',
      ]);
      expect(await all({ events: true, action: 'login', to: new Date(0), limit })).toEqual([]);
    });

    it('tells what they are', async () => {
      const [, event] = (await history.feed({ events: true, actor: 'ann' })).items.filter(
        ({ kind }) => kind === 'event',
      );
      expect(event).toBeUndefined();
      const [{ id: _, transaction: __, createdAt, ...own }] = (
        await history.feed({ events: true, action: 'export' })
      ).items;
      expect(own).toEqual({
        kind: 'event',
        actor: 'ann',
        onBehalf: 'zoe',
        action: 'export',
        request: 'r2',
        outcome: 'success',
        entity: null,
        target: null,
        details: { rows: 3 },
      });
      expect(createdAt).toBeInstanceOf(Date);
    });

    it.each(['operation', 'reason', 'entities', 'property', 'changed'])(
      'is refused beside %s',
      async (filter) => {
        const value = {
          operation: 'update',
          reason: 'x',
          entities,
          property: 'status',
          changed: { status: {} },
        }[filter];
        const asked = {
          events: true,
          [filter]: value,
          ...(['property', 'changed'].includes(filter) && { entities }),
        };
        const error = await history.feed(asked as EventFeedOptions).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect(error).toMatchObject({ argument: 'events' });
      },
    );
  });

  it('refuses the cursor of a feed in another order, and a property without entities', async () => {
    const { nextCursor: byActor } = await history.feed({ actor: 'ann', limit: 1 });
    await expect(history.feed({ cursor: byActor })).rejects.toThrow(
      'cursor must be a nextCursor of a feed with',
    );
    const { nextCursor } = await history.feed({ limit: 1 });
    await expect(history.feed({ action: 'pay', cursor: nextCursor })).rejects.toThrow('cursor must be');
    await expect(history.feed({ events: 'true' as never })).rejects.toThrow('events must be true or false');
    await expect(history.feed({ property: 'status' })).rejects.toThrow(
      'entities must be the entities that have',
    );
    await expect(history.feed({ entities: [entities[1]], property: 'state' })).rejects.toThrow(
      'property must be',
    );
  });

  it('finds each of several actors who wrote a table in one transaction', async () => {
    await dataSource.transaction(async (manager) => {
      for (const [n, actor] of ['gil', 'hal', 'gil', 'ian', 'hal'].entries())
        await audit.context.run({ actor, action: `by ${actor}` }, () => write(20, 100 + n, actor, manager));
    });
    const rows = (actor: string, ids: number[]) => ids.map((id) => `part20 ${id} insert ${actor}`);
    for (const limit of [1, 50]) {
      expect(await all({ actor: 'gil', limit })).toEqual(rows('gil', [102, 100]));
      expect(await all({ actor: 'hal', limit })).toEqual(rows('hal', [104, 101]));
      expect(await all({ actor: 'ian', entities: [entities[20]], limit })).toEqual(rows('ian', [103]));
    }
    expect(await all({ action: 'by ian' })).toHaveLength(5);
  });

  it('finds a transaction that has more contexts than are read at a time', async () => {
    const inContext = (onBehalf: string, fn: () => Promise<unknown>) =>
      audit.context.run({ actor: 'import', onBehalf }, fn);
    await inContext('first', () => write(10, 300, 'earlier'));
    await dataSource.transaction(async (manager) => {
      for (let n = 0; n < 300; n++) await inContext(`user ${n}`, () => write(10, n + 301, 'open', manager));
    });
    const found = await all({ actor: 'import', limit: 200 });
    expect(found).toHaveLength(301);
    expect(found.at(-1)).toBe('part10 300 insert earlier');
  });

  it('goes on behind many transactions that wrote only other tables', async () => {
    const by = (actor: string, fn: () => Promise<unknown>) => audit.context.run({ actor }, fn);
    await by('helper', () => write(14, 5000, 'earlier'));
    for (let n = 0; n < 210; n++)
      await dataSource.transaction(async (manager) => {
        await by('boss', () => write(13, 2 * n + 400, 'open', manager));
        await by('helper', () => write(13, 2 * n + 401, 'open', manager));
      });
    expect(await all({ actor: 'helper', entities: [entities[14]] })).toEqual(['part14 5000 insert earlier']);
    expect(await all({ actor: 'helper', limit: 200 })).toHaveLength(211);
  });

  it('finds what an older version wrote, without changesets', async () => {
    await audit.context.run({ actor: 'old' }, () => write(9, 77, 'old'));
    const [{ transaction }] = (await history.feed({ actor: 'old' })).items;
    const move = (id: string) =>
      dataSource.query(`UPDATE audit_changeset SET id = '${id}' WHERE actor = 'old'`);
    await move('00000000-0000-7000-8000-000000000000');
    expect((await history.transaction(transaction)).items.map(told)).toEqual(['part9 77 insert old']);
    expect(await all({ transaction, limit: 1 })).toEqual(['part9 77 insert old']);
    expect((await history.undo(transaction, { dryRun: true })).map(({ entity }) => entity)).toEqual([
      'part9',
    ]);
    await move(transaction);
  });

  it('keeps its order where a transaction goes on after later ones', async () => {
    if (name === 'sqlite') return;
    await audit.context.run({ actor: 'eve' }, () =>
      dataSource.transaction(async (manager) => {
        await write(10, 5, 'first', manager);
        await write(11, 5, 'between');
        await write(12, 5, 'between');
        await write(13, 5, 'last', manager);
      }),
    );
    const items = await all({ limit: 1 });
    expect(items.slice(0, 4)).toEqual([
      'part13 5 insert last',
      'part12 5 insert between',
      'part11 5 insert between',
      'part10 5 insert first',
    ]);
    // By transactions, the newest first.
    expect(await all({ actor: 'eve', limit: 1 })).toEqual([
      'part12 5 insert between',
      'part11 5 insert between',
      'part13 5 insert last',
      'part10 5 insert first',
    ]);
  });
});
