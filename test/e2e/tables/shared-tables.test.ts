import { afterEach, expect, it } from '@jest/globals';
import {
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  JoinColumn,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { type AttachedAudit, attachAudit } from '../../../src/attach-audit.js';
import { AuditConfigurationError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { type AuditedOptions } from '../../../src/audited/marks/audited-options.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

let database: TestDatabase | undefined;
let dataSource: DataSource | undefined;
let audit: AttachedAudit | undefined;

afterEach(async () => {
  audit?.detach();
  if (dataSource?.isInitialized) await dataSource.destroy();
  await database?.drop();
  audit = dataSource = database = undefined;
});

type Mark = AuditedOptions | undefined;
const marked = (options: Mark): ClassDecorator => (options ? Audited(options) : () => undefined);

/** A band's players, each with a role: a many-to-many relation, and an entity on its table. */
function bands(band: Mark, seat: Mark, relation: PropertyDecorator = () => undefined) {
  @marked({})
  @Entity()
  class Player {
    @PrimaryGeneratedColumn() id: number;
    @Column() label: string;
  }

  @marked(band)
  @Entity()
  class Band {
    @PrimaryGeneratedColumn() id: number;
    @Column() label: string;
    @relation
    @ManyToMany(() => Player)
    @JoinTable({ name: 'seat', joinColumn: { name: 'bandId' }, inverseJoinColumn: { name: 'playerId' } })
    players: Player[];
  }

  @marked(seat)
  @Entity('seat')
  class Seat {
    @PrimaryColumn() bandId: number;
    @PrimaryColumn() playerId: number;
    @ManyToOne(() => Band, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'bandId' }) band: unknown;
    @Column({ type: 'varchar', length: 20, nullable: true }) role: string | null;
  }
  return { Player, Band, Seat };
}

/** The same where the entity's key isn't that of the relation: TypeORM then must not make the table of the relation. */
function seats(shape: 'reversed' | 'number' | 'uuid', band: Mark, seat: Mark) {
  const isOwn = shape !== 'reversed';
  const key = isOwn ? Column() : PrimaryColumn();
  const generated =
    shape === 'reversed'
      ? Column({ type: 'int', nullable: true })
      : shape === 'uuid'
        ? PrimaryGeneratedColumn('uuid')
        : PrimaryGeneratedColumn();

  @marked({})
  @Entity()
  class Player {
    @PrimaryGeneratedColumn() id: number;
    @Column() label: string;
    @ManyToMany('Band', 'players') bands: unknown[];
  }

  @marked(band)
  @Entity()
  class Band {
    @PrimaryGeneratedColumn() id: number;
    @Column() label: string;
    @ManyToMany(() => Player, 'bands')
    @JoinTable({
      name: 'seat',
      synchronize: false,
      joinColumn: { name: 'band_id' },
      inverseJoinColumn: { name: 'player_id' },
    })
    players: Player[];
  }

  @marked(seat)
  @Entity('seat')
  class Seat {
    @generated id: number | string;
    @key player_id: number;
    @key band_id: number;
    @ManyToOne(() => Band, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'band_id' }) band: unknown;
    @ManyToOne(() => Player, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'player_id' }) player: unknown;
    @Column({ type: 'varchar', length: 20, nullable: true }) role: string | null;
  }
  return { Player, Band, Seat };
}

/** Two entities on one table: what accounting and what the shop see of an article. */
function articles(full: Mark, brief: Mark) {
  @marked(full)
  @Entity('article')
  class Article {
    @PrimaryGeneratedColumn() id: number;
    @Column() label: string;
    @Column({ default: 0 }) price: number;
  }

  @marked(brief)
  @Entity('article', { synchronize: false })
  class Offer {
    @PrimaryGeneratedColumn({ name: 'id' }) no: number;
    @Column({ name: 'label' }) title: string;
  }
  return { Article, Offer };
}

async function start(name: Parameters<typeof createDatabase>[0], entities: object): Promise<DataSource> {
  database = await createDatabase(name);
  dataSource = new DataSource({
    ...database.options,
    entities: Object.values(entities),
    synchronize: true,
  });
  await dataSource.initialize();
  audit = attachAudit(dataSource);
  return dataSource;
}

describeDatabases('A table', (name) => {
  it.each([
    ['both', {}, {}, undefined],
    ['the entity with the relation', {}, undefined, undefined],
    ['the entity on its table', undefined, {}, undefined],
    ['both, the relation not', {}, {}, NotAudited()],
  ])(
    'of a many-to-many has one history for its entity and the relation: marked %s',
    async (_, band, seat, relation) => {
      const { Band, Seat, Player } = bands(band, seat, relation);
      const { manager } = await start(name, { Band, Seat, Player });
      const [p, q, r] = await manager.save(Player, [{ label: 'p' }, { label: 'q' }, { label: 'r' }]);
      const one = await manager.save(Band, { label: 'b', players: [p, q] });
      const key = { bandId: one.id, playerId: p.id };
      await manager.update(Seat, key, { role: 'drums' });
      await manager.save(Seat, { bandId: one.id, playerId: r.id, role: 'bass' });
      const seen = await manager.findOneOrFail(Band, { where: { id: one.id }, relations: { players: true } });
      seen.players = seen.players.filter(({ id }) => id !== p.id);
      await manager.save(seen);
      await manager.createQueryBuilder().relation(Band, 'players').of(one).remove(q);

      const { history, maintenance } = audit!;
      const { items } = await history.timeline(Seat, key, { order: 'asc' });
      expect(items.map(({ operation, snapshot }) => [operation, snapshot?.role])).toEqual([
        ['insert', null],
        ['update', 'drums'],
        ['delete', undefined],
      ]);
      await expectInvariants(dataSource!);
      expect((await maintenance.verify()).findings).toEqual([]);

      await history.restore(Seat, key, 2);
      expect(await manager.findOneBy(Seat, key)).toMatchObject({ role: 'drums' });
      const rows = await manager.getRepository(revisionOf(Seat)).findBy({ playerId: r.id });
      expect(rows).toMatchObject([{ revOperation: 'insert', role: 'bass' }]);
      await manager.delete(Band, one.id);
      expect((await history.latest(Seat, key))?.operation).toBe('delete');
      await expectInvariants(dataSource!);
    },
  );

  it('of a many-to-many gets back the extra columns of its rows with a restore of the relation', async () => {
    const { Band, Seat, Player } = bands({}, {});
    const { manager } = await start(name, { Band, Seat, Player });
    const p = await manager.save(Player, { label: 'p' });
    const band = await manager.save(Band, { label: 'b', players: [p] });
    const key = { bandId: band.id, playerId: p.id };
    await manager.update(Seat, key, { role: 'drums' });
    await manager.save(Band, { id: band.id, label: 'c' });
    await manager.save(Band, { id: band.id, players: [] });
    const last = await audit!.history.latest(Seat, key);
    await audit!.history.undo(last!.transaction);
    expect(await manager.findOneBy(Seat, key)).toMatchObject({ role: 'drums' });
    await expectInvariants(dataSource!);
  });

  // Where the program gives a uuid, TypeORM can't insert by the relation either.
  const shapes =
    name === 'postgres' ? (['reversed', 'number', 'uuid'] as const) : (['reversed', 'number'] as const);
  const marks = [
    ['both', {}, {}],
    ['the entity with the relation', {}, undefined],
    ['the entity on its table', undefined, {}],
  ] as const;
  it.each(shapes.flatMap((shape) => marks.map((mark) => [shape, ...mark] as const)))(
    'of a many-to-many whose entity has a %s key has one history: marked %s',
    async (shape, _, band, seat) => {
      const { Band, Seat, Player } = seats(shape, band, seat);
      const { manager } = await start(name, { Band, Seat, Player });
      const [p, q, r] = await manager.save(Player, [{ label: 'p' }, { label: 'q' }, { label: 'r' }]);
      const one = await manager.save(Band, { label: 'b', players: [p, q] });
      const seatOf = (player: { id: number }) =>
        manager.findOneByOrFail(Seat, { band_id: one.id, player_id: player.id });
      const keyOf = async (player: { id: number }) => {
        const { id, band_id, player_id } = await seatOf(player);
        return shape === 'reversed' ? { band_id, player_id } : { id };
      };
      const key = await keyOf(p);
      await manager.update(Seat, key, { role: 'drums' });
      await manager.save(Seat, { band_id: one.id, player_id: r.id, role: 'bass' });
      const ofR = await keyOf(r);
      const seen = await manager.findOneOrFail(Band, { where: { id: one.id }, relations: { players: true } });
      seen.players = seen.players.filter(({ id }) => id !== p.id);
      await manager.save(seen);
      const ofQ = await keyOf(q);
      await manager.createQueryBuilder().relation(Band, 'players').of(one).remove(q);
      await manager.createQueryBuilder().relation(Band, 'players').of(one).add(q);
      await manager.createQueryBuilder().relation(Player, 'bands').of(r).remove(one);

      const { history, maintenance } = audit!;
      const operations = async (id: object) =>
        (await history.timeline(Seat, id as never, { order: 'asc' })).items.map(({ operation, snapshot }) => [
          operation,
          snapshot?.role,
        ]);
      expect(await operations(key)).toEqual([
        ['insert', null],
        ['update', 'drums'],
        ['delete', undefined],
      ]);
      expect(await operations(ofR)).toEqual([
        ['insert', 'bass'],
        ['delete', undefined],
      ]);
      expect((await operations(ofQ)).slice(0, 2)).toEqual([
        ['insert', null],
        ['delete', undefined],
      ]);
      expect(await manager.getRepository(revisionOf(Seat)).count()).toBe(8);
      await expectInvariants(dataSource!);
      expect((await maintenance.verify()).findings).toEqual([]);

      await history.restore(Seat, key, 2);
      expect(await seatOf(p)).toMatchObject({ role: 'drums' });
      await history.undo((await history.latest(Seat, key))!.transaction);
      expect(await manager.countBy(Seat, { player_id: p.id })).toBe(0);
      const again = await keyOf(q);
      await manager.delete(Band, one.id);
      expect((await history.latest(Seat, again as never))?.operation).toBe('delete');
      await expectInvariants(dataSource!);
      expect((await maintenance.verify()).findings).toEqual([]);
    },
  );

  it.each(shapes)(
    'of a many-to-many whose entity has a %s key gets its links back with a restore of the relation',
    async (shape) => {
      const { Band, Seat, Player } = seats(shape, {}, {});
      const { manager } = await start(name, { Band, Seat, Player });
      const [p, q] = await manager.save(Player, [{ label: 'p' }, { label: 'q' }]);
      const band = await manager.save(Band, { label: 'b', players: [p] });
      await manager.update(Seat, { player_id: p.id }, { role: 'drums' });
      await manager.update(Band, band.id, { label: 'c' });
      await manager.save(Band, { id: band.id, players: [q] });
      await audit!.history.restore(Band, band.id, 2, { relations: true });
      expect(await manager.find(Seat)).toMatchObject([{ player_id: p.id, role: 'drums' }]);
      const then = audit!.history.at({
        transaction: (await audit!.history.latest(Band, band.id))!.transaction,
      });
      expect(await then.find(Band, { relations: { players: true } })).toMatchObject([
        { label: 'c', players: [{ id: p.id }] },
      ]);
      await expectInvariants(dataSource!);
    },
  );

  it.each([
    ['both', {}, {}],
    ['the one with more columns', {}, undefined],
    ['the one with fewer columns', undefined, {}],
  ])('of two entities has one history, whoever writes it: marked %s', async (_, full, brief) => {
    const { Article, Offer } = articles(full, brief);
    const { manager } = await start(name, { Article, Offer });
    const { id } = await manager.save(Article, { label: 'a', price: 1 });
    await manager.save(Offer, { no: id, title: 'b' });
    await manager.update(Article, id, { price: 2 });
    await manager.update(Offer, { no: id }, { title: 'c' });
    await manager.getRepository(Offer).createQueryBuilder().update().set({ title: 'd' }).execute();
    await manager.update(Article, id, { price: 3 });
    await manager.delete(Offer, id);

    const { history, maintenance } = audit!;
    await expectInvariants(dataSource!);
    expect((await maintenance.verify()).findings).toEqual([]);
    const versions = (await history.timeline(Article, id, { order: 'asc' })).items;
    expect(versions.map(({ snapshot }) => snapshot && [snapshot.label, snapshot.price])).toEqual([
      ['a', 1],
      ['b', 1],
      ['b', 2],
      ['c', 2],
      ['d', 2],
      ['d', 3],
      null,
    ]);
    const offers = (await history.timeline(Offer, id, { order: 'asc' })).items;
    expect(offers.map(({ snapshot }) => snapshot?.title)).toEqual(['a', 'b', 'b', 'c', 'd', 'd', undefined]);
    expect(offers[0].snapshot).toBeInstanceOf(Offer);
    expect(offers[3].changes).toEqual([{ property: 'title', from: 'b', to: 'c' }]);
    for (const entity of [Article, Offer])
      expect(await manager.getRepository(revisionOf<object>(entity)).count()).toBe(7);

    await history.restore(Offer, id, 3);
    expect(await manager.findOneBy(Article, { id })).toMatchObject({ label: 'b', price: 2 });
    await history.undo((await history.latest(Article, id))!.transaction);
    expect(await manager.countBy(Article, { id })).toBe(0);
    await expectInvariants(dataSource!);
  });
});

it.each([
  [
    { deletedState: 'last' as const },
    {},
    /Article and Offer share the table "article".*"deletedState".*same options/,
  ],
  [{ tableName: 'log' }, {}, /differ in "tableName"/],
  [{ requireActor: true }, {}, /differ in "requireActor"/],
  [{ requireReason: true }, {}, /differ in "requireReason"/],
  [{ exclude: ['label'] }, {}, /only one of them leaves "label" out of its history/],
])(
  'Two entities on one table are refused where they contradict each other: %p',
  async (full, brief, message) => {
    const refusal = start('sqlite', articles(full, brief));
    await expect(refusal).rejects.toThrow(AuditConfigurationError);
    await expect(refusal).rejects.toThrow(message);
  },
);

it('Two entities on one table are refused where one has other key columns', async () => {
  @Audited()
  @Entity('article')
  class Article {
    @PrimaryGeneratedColumn() id: number;
    @Column() code: string;
  }
  @Entity('article', { synchronize: false })
  class Coded {
    @PrimaryColumn() code: string;
  }
  await expect(start('sqlite', { Article, Coded })).rejects.toThrow(
    'Article and Coded share the table "article" and its history, but the primary key is (id) of one and (code) of the ' +
      'other. Give them the same key columns.',
  );
});
