import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Column,
  CreateDateColumn,
  DataSource,
  DeleteDateColumn,
  Entity,
  type ObjectLiteral,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Repository,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { AuditConfigurationError, InvalidArgumentError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Page } from '../../../src/history/types/page.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { type TimelineOptions } from '../../../src/history/types/timeline.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { createDatabase, describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

class Visits {
  @Column({ default: 0 }) count: number;
  @Column({ nullable: true, type: 'varchar', length: 20 }) page: string | null;
}

@Audited({ quiet: ['updatedAt', 'version', 'visits'] })
@Entity()
class QuietMember {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @Column({ nullable: true, select: false, type: 'varchar', length: 20 }) pin: string | null;
  @Masked((column) => `substr(${column}, 1, 1)`)
  @Column({ nullable: true, type: 'varchar', length: 20 })
  card: string | null;
  @Column({ nullable: true, type: 'simple-json' }) wishes: object | null;
  @Column(() => Visits) visits: Visits;
  @UpdateDateColumn() updatedAt: Date;
  @VersionColumn() version: number;
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
class LoudMember {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @VersionColumn() version: number;
}

describeDatabases('quiet columns', (name) => {
  const queries = new QueryRecorder();
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let members: Repository<QuietMember>;

  beforeAll(async () => {
    audited = await openAudited(name, {
      entities: [QuietMember, LoudMember],
      logging: true,
      logger: queries,
    });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    members = dataSource.getRepository(QuietMember);
  });
  afterAll(() => audited.close());
  afterEach(() => expectInvariants(dataSource));

  const visit = (id: number, count: number) => members.update(id, { visits: { count } });
  const versions = async (id: number, options?: TimelineOptions): Promise<number[]> =>
    (await history.timeline(QuietMember, id, options)).items.map(({ version }) => version);

  describe('of a life', () => {
    let id: number;
    beforeAll(async () => {
      ({ id } = await members.save(members.create({ name: 'Ann', visits: { count: 0 } })));
      await visit(id, 1);
      await members.update(id, { name: 'Anna' });
      await visit(id, 2);
      await members.update(id, { pin: '1234' });
      await visit(id, 3);
      await members.softDelete(id);
      await members.restore(id);
      await visit(id, 4);
      await members.delete(id);
    });

    it('are not listed, and updates of nothing else are marked and left out', async () => {
      const { items } = await history.timeline(QuietMember, id, { order: 'asc', quiet: true });
      const deletedAt = items[6].snapshot!.deletedAt;
      expect(
        items.map(({ operation, isQuiet, changes }) => [
          operation,
          isQuiet,
          ...changes.map(({ property }) => property),
        ]),
      ).toEqual([
        ['insert', false, 'name'],
        ['update', true],
        ['update', false, 'name'],
        ['update', true],
        // The column is never shown, but it changed.
        ['update', false],
        ['update', true],
        ['soft-delete', false, 'deletedAt'],
        ['restore', false, 'deletedAt'],
        ['update', true],
        ['delete', false, 'name'],
      ]);
      expect(deletedAt).toEqual(expect.any(Date));
      expect(items.map(({ snapshot }) => snapshot?.visits.count)).toEqual([
        0,
        1,
        1,
        2,
        2,
        3,
        3,
        3,
        4,
        undefined,
      ]);
      expect(await versions(id)).toEqual([10, 8, 7, 5, 3, 1]);
      expect(await versions(id, { order: 'asc' })).toEqual([1, 3, 5, 7, 8, 10]);
    });

    it('come in pages', async () => {
      const all = (await history.timeline(QuietMember, id)).items;
      for (const [quiet, sizes] of [
        [false, [4, 2]],
        [true, [4, 4, 2]],
      ] as const) {
        const pages = [];
        let cursor: string | null = null;
        do {
          const page: Page<Revision<QuietMember>> = await history.timeline(QuietMember, id, {
            limit: 4,
            cursor,
            quiet,
          });
          pages.push(page.items);
          cursor = page.nextCursor;
        } while (cursor);
        expect(pages.map((page) => page.length)).toEqual(sizes);
        expect(pages.flat().filter(({ isQuiet }) => !isQuiet)).toEqual(all);
      }
    });

    it('are in what asks for a version, in differences and in the past', async () => {
      expect(await history.revision(QuietMember, id, 4)).toMatchObject({ isQuiet: true, changes: [] });
      expect(await history.revision(QuietMember, id, 3)).toMatchObject({ isQuiet: false });
      const differences = await history.diff(QuietMember, id, 3, 4);
      expect(differences).toContainEqual({ property: 'visits.count', from: 1, to: 2 });
      expect(differences).toContainEqual({ property: 'version', from: 3, to: 4 });
      expect((await history.asOf(QuietMember, id, 4))?.visits.count).toBe(2);
    });

    it('are marked in feeds and transactions', async () => {
      const marked = (items: { version: number; isQuiet: boolean }[]): number[] =>
        items.filter(({ isQuiet }) => isQuiet).map(({ version }) => version);
      const timeline = (await history.timeline(QuietMember, id, { quiet: true })).items;
      expect(marked(timeline)).toEqual([9, 6, 4, 2]);
      for (const { transaction, isQuiet, version } of timeline)
        expect((await history.transaction(transaction)).items).toEqual([
          expect.objectContaining({ version, isQuiet }),
        ]);
    });

    it('are left out of feeds, in pages too, unless they are asked for', async () => {
      const timeline = (await history.timeline(QuietMember, id)).items.map(({ version }) => version);
      const feed = async (options: object): Promise<number[]> => {
        const found: number[] = [];
        const revisions = history.feed.all({ entities: [QuietMember, LoudMember], limit: 2, ...options });
        for await (const { entityId, entity, version } of revisions)
          if (entityId === id && entity === 'quiet_member') found.push(version);
        return found;
      };
      expect(await feed({})).toEqual(timeline);
      expect(timeline).not.toContain(6);
      expect(await feed({ quiet: true })).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
      const { transaction } = (await history.revision(QuietMember, id, 6))!;
      expect(await feed({ transaction })).toEqual([]);
      expect(await feed({ transaction, quiet: true })).toEqual([6]);
      expect(await feed({ operation: 'update' })).toEqual([5, 3]);
      await expect(feed({ quiet: 'yes' })).rejects.toThrow('quiet must be true or false, got "yes".');
    });
  });

  it('beside a masked column: what its mask shows decides', async () => {
    const { id } = await members.save(members.create({ name: 'Bob', card: '1111' }));
    await members.update(id, { card: '2222', visits: { count: 1 } });
    await members.update(id, { card: '2333', visits: { count: 2 } });
    await members.update(id, { wishes: { seat: 'aisle' } });
    expect(await versions(id)).toEqual([4, 2, 1]);
  });

  it('restore and undo as any column', async () => {
    const { id } = await members.save(members.create({ name: 'Cid', visits: { count: 7, page: 'home' } }));
    await members.update(id, { visits: { count: 8, page: 'shop' } });
    const restored = await history.restore(QuietMember, id, 1);
    expect(restored).toMatchObject({ version: 3, isQuiet: true, changes: [] });
    expect((await members.findOneByOrFail({ id })).visits).toEqual({ count: 7, page: 'home' });
    await history.undo(restored!.transaction);
    expect((await members.findOneByOrFail({ id })).visits).toEqual({ count: 8, page: 'shop' });
    expect(await versions(id)).toEqual([1]);
  });

  it('after a prune: the first revision that is left is listed', async () => {
    const { id } = await members.save(members.create({ name: 'Dan' }));
    await visit(id, 1);
    await visit(id, 2);
    await dataSource.query(`DELETE FROM quiet_member_rev WHERE id = ${id} AND rev_version = 1`);
    expect(await versions(id)).toEqual([2]);
  });

  it('cost other entities nothing', async () => {
    const loud = dataSource.getRepository(LoudMember);
    const { id } = await loud.save({ name: 'Ann' });
    await loud.save({ id, name: 'Anna' });
    queries.clear();
    const { items } = await history.timeline(LoudMember, id);
    expect(queries.queries).toHaveLength(1);
    expect(queries.statements[0]).not.toMatch(/join|case when/i);
    expect(items.map(({ isQuiet, changes }) => [isQuiet, changes.length])).toEqual([
      [false, 2],
      [false, 2],
    ]);
  });

  it("can't be asked for by property, and quiet is a boolean", async () => {
    await expect(history.timeline(QuietMember, 1, { property: 'version' })).rejects.toThrow(
      new InvalidArgumentError(
        'property',
        'must be a property whose changes the history of QuietMember shows, got "version". ' +
          'They are name, card, wishes, deletedAt.',
      ),
    );
    await expect(history.timeline(QuietMember, 1, { quiet: 'yes' as never })).rejects.toThrow(
      new InvalidArgumentError('quiet', 'must be true or false, got "yes".'),
    );
  });

  it('are not alone where nobody knows whether another column changed', async () => {
    const database = await createDatabase(name, { file: true });
    const version = (decorate: (prototype: object) => void): new () => ObjectLiteral => {
      class Parcel {}
      PrimaryColumn({ type: 'int' })(Parcel.prototype, 'id');
      Column({ type: 'int', default: 0 })(Parcel.prototype, 'seen');
      decorate(Parcel.prototype);
      Entity('parcel')(Parcel);
      Audited({ quiet: ['seen'] })(Parcel);
      return Parcel;
    };
    const inVersion = async (
      parcel: new () => ObjectLiteral,
      use: (parcels: Repository<ObjectLiteral>, reading: HistoryService) => Promise<void>,
    ): Promise<void> => {
      const opened = await new DataSource({
        ...database.options,
        entities: [parcel],
        synchronize: true,
      }).initialize();
      const audit = attachAudit(opened);
      try {
        await use(opened.getRepository(parcel), audit.history);
      } finally {
        audit.detach();
        await opened.destroy();
      }
    };
    try {
      const first = version(() => undefined);
      await inVersion(first, async (parcels) => void (await parcels.save({ id: 1 })));
      // The database computes its value in the rows that are there, so the first revision doesn't have it.
      const second = version((prototype) => CreateDateColumn()(prototype, 'addedAt'));
      await inVersion(second, async (parcels, reading) => {
        for (const seen of [1, 2]) await parcels.update(1, { seen });
        const { items } = await reading.timeline(second, 1, { quiet: true });
        expect(items.map(({ isQuiet, changes }) => [isQuiet, changes])).toEqual([
          [true, []],
          [false, []],
          [false, []],
        ]);
      });
    } finally {
      await database.drop();
    }
  });

  it('of two entities on one table are those of both', async () => {
    const opened = (own: string[], others: string[]): Promise<AuditedDatabase> => {
      @Audited({ quiet: own })
      @Entity('badge')
      class Badge {
        @PrimaryGeneratedColumn() id: number;
        @Column({ default: 0 }) seen: number;
        @Column({ default: 0 }) used: number;
      }
      @Audited({ quiet: others })
      @Entity('badge')
      class StampedBadge {
        @PrimaryGeneratedColumn() id: number;
        @Column({ default: 0 }) seen: number;
        @Column({ default: 0 }) stamps: number;
      }
      return openAudited(name, { entities: [Badge, StampedBadge] });
    };
    const badges = await opened(['seen'], ['seen', 'stamps']);
    try {
      const { manager } = badges.dataSource;
      await manager.insert('Badge', {});
      await manager.update('StampedBadge', 1, { stamps: 1 });
      await manager.update('Badge', 1, { seen: 1 });
      await manager.update('Badge', 1, { used: 1 });
      const reading = new HistoryService(badges.dataSource);
      for (const entity of ['Badge', 'StampedBadge'])
        expect((await reading.timeline(entity, 1)).items.map(({ version }) => version)).toEqual([4, 1]);
    } finally {
      await badges.close();
    }
    await expect(opened(['seen'], ['stamps'])).rejects.toThrow(
      new AuditConfigurationError(
        'Badge and StampedBadge share the table "badge" and its history, but only one of them declares "seen" quiet. ' +
          'Declare it in both, or in neither.',
      ),
    );
  });

  it('must be properties', async () => {
    @Audited({ quiet: ['updated'] })
    @Entity()
    class MistakenQuiet {
      @PrimaryGeneratedColumn() id: number;
      @UpdateDateColumn() updatedAt: Date;
    }
    await expect(openAudited(name, { entities: [MistakenQuiet] })).rejects.toThrow(
      new AuditConfigurationError(
        '@Audited({ quiet }) of MistakenQuiet must name its properties, got "updated". They are id, updatedAt.',
      ),
    );
  });
});
