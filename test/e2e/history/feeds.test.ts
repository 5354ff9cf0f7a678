import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Column, Entity, JoinTable, ManyToMany, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { InvalidArgumentError, NotAuditedError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type FeedOptions } from '../../../src/history/types/feed.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { Tag } from '../../support/entities/tag.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Audited()
@Entity()
class Guest {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column() name: string;
  @Column({ nullable: true, select: false, type: 'varchar' }) pin: string | null;
}

@Audited({ name: 'order-lines' })
@Entity()
class OrderLine {
  @PrimaryColumn() order: number;
  @PrimaryColumn({ type: 'bigint' }) line: string;
  @Column({ type: 'decimal', precision: 20, scale: 4, nullable: true }) price: string | null;
  @Column({ type: 'simple-json', nullable: true }) wishes: Record<string, unknown> | null;
  @Column({ nullable: true }) at: Date;
  @ManyToMany(() => Tag) @JoinTable({ name: 'line_tags' }) tags: Tag[];
}

@Entity()
class Unaudited {
  @PrimaryColumn() id: number;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describeDatabases('a feed', (name) => {
  const counter = new QueryRecorder();
  let audited: AuditedDatabase;
  let history: HistoryService;
  let middle: Date;
  const written: string[] = [];

  beforeAll(async () => {
    audited = await openAudited(name, {
      entities: [Guest, OrderLine, Tag, Unaudited],
      logging: ['query'],
      logger: counter,
    });
    const { dataSource, context } = audited;
    history = new HistoryService(dataSource);
    const [guests, lines] = [dataSource.getRepository(Guest), dataSource.getRepository(OrderLine)];
    // 60 revisions: 20 × guest, 20 × line, 10 × tag, 10 × link.
    for (let n = 0; n < 10; n++) {
      if (n === 5) {
        await pause();
        middle = new Date();
        await pause();
      }
      await context.run({ actor: n % 2 ? 'ann' : 'bob' }, async () => {
        const guest = await guests.save({ name: `guest ${n}`, pin: '1234' });
        const tag = await dataSource.getRepository(Tag).save({ name: `tag ${n}` });
        const line = await lines.save(
          lines.create({
            order: n,
            line: '900719925474',
            price: `${n}.1250`,
            wishes: { n },
            at: new Date(1000),
            tags: [tag],
          }),
        );
        await guests.save({ ...guest, name: `guest ${n}!` });
        await lines.update({ order: line.order }, { price: '7.5000' });
      });
      written.push(
        ...['Guest insert', 'Tag insert', 'OrderLine insert', 'line_tags insert', 'Guest update'],
        'OrderLine update',
      );
    }
  });
  afterAll(async () => {
    await expectInvariants(audited.dataSource);
    await audited.close();
  });

  const all = async (options: FeedOptions = {}): Promise<Revision[]> => {
    const items: Revision[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<HistoryService['feed']>> = await history.feed({
        ...options,
        cursor,
      });
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  };
  const names: Record<string, string> = {
    guest: 'Guest',
    'order-lines': 'OrderLine',
    tag: 'Tag',
    line_tags: 'line_tags',
  };
  const told = (revisions: Revision[]): string[] =>
    revisions.map(({ entity, operation }) => `${names[entity]} ${operation}`);

  it('gives each of 60 revisions of three entities and a junction table once, newest first, in pages of 7', async () => {
    const items = await all({ limit: 7 });
    expect(told(items)).toEqual([...written].reverse());
    expect(new Set(items.map(({ id }) => id)).size).toBe(60);
  });

  it('is one query a page', async () => {
    const { nextCursor } = await history.feed({ limit: 7 });
    counter.clear();
    await history.feed({ limit: 7, cursor: nextCursor });
    expect(counter.queries).toHaveLength(1);
  });

  it('has revisions as their timelines have them', async () => {
    for (const revision of await all({ limit: 200 })) {
      if (revision.entity === 'line_tags') continue;
      const entity = { guest: Guest, 'order-lines': OrderLine, tag: Tag }[revision.entity]!;
      expect(revision).toEqual({
        ...(await history.revision<object>(entity, revision.entityId, revision.version)),
        ...{ kind: 'revision', action: null, request: null, onBehalf: null },
      });
    }
  });

  it('says of which entity a revision is, and never shows what is not selected', async () => {
    const [line, guest, link] = await all({ limit: 200, from: middle });
    expect(line).toMatchObject({
      entity: 'order-lines',
      entityId: { order: 9, line: expect.anything() },
      changes: [{ property: 'price', from: expect.anything(), to: expect.anything() }],
    });
    expect(guest).toMatchObject({ entity: 'guest', entityId: guest.snapshot!.id as string });
    expect(guest.snapshot!.pin).toBeUndefined();
    expect(link).toMatchObject({ entity: 'line_tags', operation: 'insert', snapshot: { tagName: 'tag 9' } });
  });

  describe('filters by', () => {
    it('entities', async () => {
      expect(told(await all({ entities: [Tag], limit: 3 }))).toEqual(Array(10).fill('Tag insert'));
      expect(await all({ entities: [Guest, 'order-lines'], limit: 9 })).toHaveLength(40);
      expect(told(await all({ entities: ['line_tags'] }))).toEqual(Array(10).fill('line_tags insert'));
      expect(await all({ entities: [] })).toEqual([]);
      await expect(history.feed({ entities: [Unaudited] })).rejects.toThrow(NotAuditedError);
    });

    it('entities by their audited names', async () => {
      const named = await all({ entities: { 'order-lines': OrderLine, tag: Tag }, limit: 9 });
      expect(named).toEqual(await all({ entities: [OrderLine, Tag] }));
      expect(new Set(named.map(({ entity }) => entity))).toEqual(new Set(['order-lines', 'tag']));
      expect(await all({ entities: {} })).toEqual([]);
      for (const [entities, message] of [
        [
          { lines: OrderLine },
          'entities must have OrderLine under its audited name "order-lines", got "lines".',
        ],
        [
          OrderLine,
          'entities must be a list of entities, or an object that has each under its audited name, got a',
        ],
        [
          'Tag',
          'entities must be a list of entities, or an object that has each under its audited name, got a',
        ],
      ] as [never, string][]) {
        const refusal = history.feed({ entities });
        await expect(refusal).rejects.toThrow(InvalidArgumentError);
        await expect(refusal).rejects.toThrow(message);
      }
    });

    it('actor', async () => {
      const items = await all({ actor: 'ann', limit: 7 });
      expect(items).toHaveLength(30);
      expect(items.every(({ actor }) => actor === 'ann')).toBe(true);
      expect(await all({ actor: 'Ann' })).toEqual([]);
    });

    it('operation', async () => {
      expect(await all({ operation: 'update', limit: 7 })).toHaveLength(20);
      expect(await all({ operation: 'delete' })).toEqual([]);
    });

    it('time', async () => {
      const [newer, older] = [await all({ from: middle, limit: 7 }), await all({ to: middle, limit: 7 })];
      expect([newer.length, older.length]).toEqual([30, 30]);
      expect([...newer, ...older].map(({ id }) => id)).toEqual((await all()).map(({ id }) => id));
      const [newest] = newer;
      expect(await all({ from: newest.createdAt, to: newest.createdAt })).toContainEqual(newest);
      expect(await all({ from: new Date('2200-01-01') })).toEqual([]);
      expect(await all({ to: new Date(0) })).toEqual([]);
    });

    it('transaction', async () => {
      const [link] = await all({ entities: ['line_tags'] });
      const items = await all({ transaction: link.transaction.toUpperCase(), limit: 1 });
      expect(told(items)).toEqual(['line_tags insert', 'OrderLine insert']);
    });

    it.each([
      ['limit', { limit: 201 }],
      ['cursor', { cursor: 'x' }],
      ['from', { from: new Date(NaN) }],
      ['to', { to: 'today' as never }],
      ['actor', { actor: 1 as never }],
      ['transaction', { transaction: 'x' }],
      ['operation', { operation: 'truncate' as never }],
    ] as [string, FeedOptions][])('no %s that is none', async (argument, options) => {
      const error = await history.feed(options).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error).toMatchObject({ argument });
    });
  });

  it('finds by time what was put behind a clock that was ahead', async () => {
    const { dataSource } = audited;
    const [tag] = await dataSource.getRepository(Tag).find({ take: 1, order: { name: 'ASC' } });
    const ahead = Date.now() / 1000 + 1800;
    await dataSource.query(`UPDATE tag_rev SET rev_created = ${ahead} WHERE name = '${tag.name}'`);
    await dataSource.getRepository(Tag).remove(tag);
    const found = await all({ from: new Date(Date.now() + 60_000), to: new Date(Date.now() + 3_000_000) });
    expect(told(found)).toEqual(['Tag delete', 'Tag insert']);
  });

  it('finds by time what is made after a clock that was a day ahead is set back', async () => {
    const { dataSource } = audited;
    const repository = dataSource.getRepository(Tag);
    const clock = jest.spyOn(Date, 'now');
    try {
      clock.mockImplementation(() => new Date().getTime() + 86_400_000);
      await repository.save({ name: 'tomorrow' });
    } finally {
      clock.mockRestore();
    }
    const from = new Date();
    for (let n = 0; n < 5; n++) await repository.save({ name: `today ${n}` });
    expect(told(await all({ from, to: new Date(Date.now() + 1000) }))).toEqual(Array(5).fill('Tag insert'));
    await dataSource.query(`DELETE FROM tag_rev WHERE name = 'tomorrow'`);
    await dataSource.query(`DELETE FROM tag WHERE name = 'tomorrow'`);
  });

  it('tells all revisions of a transaction in order', async () => {
    const { dataSource } = audited;
    await dataSource.transaction(async (manager) => {
      await manager.save(Guest, { name: 'zed' });
      await manager.save(Tag, { name: 'zed' });
      await manager.update(Guest, { name: 'zed' }, { name: 'zoe' });
    });
    const [{ transaction }] = (await history.feed({ limit: 1 })).items;
    const { items: revisions } = await history.transaction(transaction);
    expect(told(revisions)).toEqual(['Guest insert', 'Tag insert', 'Guest update']);
    expect(await history.transaction('00000000-0000-7000-8000-000000000000')).toEqual({
      items: [],
      nextCursor: null,
    });
    await expect(history.transaction('x')).rejects.toThrow(InvalidArgumentError);
    const repository = dataSource.getRepository(revisionOf(Guest));
    expect(await repository.countBy({ revTransaction: transaction })).toBe(2);
  });
});

describeDatabases('a feed of more tables than a statement can join', (name) => {
  it.each([24, 60])('is complete and in order, with %d', async (number) => {
    const entities = Array.from({ length: number }, (_, n) => {
      const entity = { [`Table${n}`]: class {} }[`Table${n}`];
      PrimaryColumn({ type: 'int' })(entity.prototype, 'id');
      Column({ type: 'int' })(entity.prototype, 'value');
      Entity()(entity);
      Audited()(entity);
      return entity;
    });
    const audited = await openAudited(name, { entities });
    try {
      const history = new HistoryService(audited.dataSource);
      for (const value of [1, 2])
        for (const entity of entities) await audited.dataSource.getRepository(entity).save({ id: 1, value });
      const items: Revision[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<HistoryService['feed']>> = await history.feed({
          limit: 50,
          cursor,
        });
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      const names = entities.map((_, n) => `table${n}`);
      expect(items.map(({ entity, version }) => `${entity} ${version}`)).toEqual([
        ...names.map((table) => `${table} 2`).reverse(),
        ...names.map((table) => `${table} 1`).reverse(),
      ]);
      expect(items.at(0)!.changes).toEqual([{ property: 'value', from: 1, to: 2 }]);
    } finally {
      await audited.close();
    }
  });
});
