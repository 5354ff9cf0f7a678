import { afterAll, beforeEach, expect, it } from '@jest/globals';
import {
  BaseEntity,
  Column,
  type DataSource,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { HistoricEntityError, HistoryReadOnlyError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type TimeTravel } from '../../../src/history/time-travel/time-travel.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
class Room {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

/** Not audited, but what it is related to is. */
@Entity()
class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @OneToMany(() => ActiveReservation, (reservation) => reservation.guest) reservations: ActiveReservation[];
}

@Audited()
@Entity()
class ActiveReservation extends BaseEntity {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @ManyToOne(() => Guest, (guest) => guest.reservations, { cascade: true }) guest: Guest;
  @ManyToMany(() => Room, { cascade: true }) @JoinTable() rooms: Room[];
  @DeleteDateColumn() deletedAt: Date | null;
}

describeDatabases('what the past refuses', (name) => {
  let audited: AuditedDatabase | undefined;
  let dataSource: DataSource;
  let manager: EntityManager;
  let history: HistoryService;
  let then: TimeTravel;

  beforeEach(async () => {
    await audited?.close();
    audited = await openAudited(name, { entities: [Room, Guest, ActiveReservation] });
    ({ dataSource } = audited);
    ({ manager } = dataSource);
    history = new HistoryService(dataSource);
    const guest = await manager.save(manager.create(Guest, { name: 'Ann' }));
    const rooms = await manager.save([
      manager.create(Room, { name: 'one' }),
      manager.create(Room, { name: 'two' }),
    ]);
    const reservation = await manager.save(manager.create(ActiveReservation, { party: 1, guest, rooms }));
    then = history.at(new Date());
    await new Promise((resolve) => setTimeout(resolve, 3));
    reservation.party = 2;
    reservation.rooms = rooms.slice(1);
    await manager.save(reservation);
    await manager.update(Room, { id: 2 }, { name: 'deux' });
    await manager.save(manager.create(ActiveReservation, { party: 9, guest, rooms: [] }));
  });
  afterAll(() => audited?.close());

  const relations = { guest: true, rooms: true };
  const historic = () => then.findOneOrFail(ActiveReservation, { where: { id: 1 }, relations });
  const state = async () => [
    await manager.find(ActiveReservation, { relations, order: { id: 'ASC' }, withDeleted: true }),
    await manager.find(Room, { order: { id: 'ASC' } }),
  ];

  async function expectRefused(
    write: () => Promise<unknown>,
    error: new (...args: any[]) => Error,
  ): Promise<void> {
    const before = await state();
    await expect(write()).rejects.toThrow(error);
    expect(await state()).toEqual(before);
  }

  it('any write of an instance that was read there', async () => {
    const writes: ((entity: ActiveReservation) => Promise<unknown>)[] = [
      (entity) => manager.save(entity),
      (entity) => manager.save([manager.create(ActiveReservation, { party: 7 }), entity]),
      (entity) => manager.save(entity, { listeners: false }),
      (entity) => manager.save(Object.assign(entity, { party: 4 })),
      (entity) => manager.remove(entity),
      (entity) => manager.softRemove(entity),
      (entity) => manager.recover(Object.assign(entity, { deletedAt: null })),
      (entity) => manager.getRepository(ActiveReservation).save(entity),
      (entity) => entity.save(),
      (entity) => entity.remove(),
      (entity) => manager.insert(ActiveReservation, Object.assign(entity, { id: undefined })),
      (entity) => manager.upsert(ActiveReservation, entity, ['id']),
      (entity) => manager.update(ActiveReservation, { id: 2 }, entity),
      (entity) => manager.transaction((inner) => inner.save(entity)),
    ];
    for (const write of writes) await expectRefused(async () => write(await historic()), HistoricEntityError);
    await expect(manager.save(await historic())).rejects.toThrow(
      /^This ActiveReservation was read from the past \(20\d\d-.*Z\) and can't be written as it is\. Call history\.restore\(\)/,
    );
  });

  it('a write that would follow from one: of related rows, and of those that are not related any more', async () => {
    // As it is now, but for the relations that it came with.
    const guest = await then.findOneOrFail(Guest, { where: { id: 1 }, relations: { reservations: true } });
    await expectRefused(() => manager.save(guest), HistoricEntityError);
    const room = await then.findOneByOrFail(Room, { id: 2 });
    const current = await manager.findOneOrFail(ActiveReservation, { where: { id: 1 }, relations });
    current.rooms = [room];
    await expectRefused(() => manager.save(current), HistoricEntityError);
    const { rooms } = await historic();
    current.rooms = rooms;
    await expectRefused(() => manager.save(current), HistoricEntityError);
  });

  it('no copy, no reference and no instance of the present', async () => {
    const entity = await historic();
    // A reference is its key only.
    const added = await manager.save(manager.create(Room, { name: 'three' }));
    await manager.createQueryBuilder().relation(ActiveReservation, 'rooms').of(entity).add(added);
    const copy = manager.create(ActiveReservation, { ...entity, rooms: undefined, guest: undefined });
    expect(await manager.save(copy)).toMatchObject({ id: 1, party: 1 });
    const current = await manager.findOneByOrFail(ActiveReservation, { id: 1 });
    current.party = 5;
    await manager.save(current);
    // It would change nothing, so nothing is written.
    await manager.save(await history.at(new Date()).findOneByOrFail(ActiveReservation, { id: 1 }));
    expect(await history.latest(ActiveReservation, 1)).toMatchObject({
      changes: [{ property: 'party', from: 1, to: 5 }],
    });
    await expectInvariants(dataSource);
  });

  it('every method that writes, of its manager, repositories, builders and data source', async () => {
    const past = then.manager as any;
    const entity = await historic();
    for (const reader of [
      past,
      then.getRepository(ActiveReservation),
      then.getTreeRepository(ActiveReservation),
    ] as any[]) {
      const target = reader === past ? [ActiveReservation] : [];
      const calls: Record<string, unknown[]> = {
        save: [...target, { id: 1, party: 4 }],
        remove: [...target, entity],
        softRemove: [...target, entity],
        recover: [...target, entity],
        insert: [...target, { party: 3 }],
        upsert: [...target, { id: 1, party: 3 }, ['id']],
        update: [...target, { id: 1 }, { party: 3 }],
        delete: [...target, { id: 1 }],
        softDelete: [...target, { id: 1 }],
        restore: [...target, { id: 1 }],
        increment: [...target, { id: 1 }, 'party', 1],
        decrement: [...target, { id: 1 }, 'party', 1],
        clear: target,
        query: ['DELETE FROM active_reservation'],
        // Those that TypeORM 0.3 doesn't have.
        ...(reader.updateAll && { updateAll: [...target, { party: 3 }], deleteAll: target }),
      };
      for (const [method, args] of Object.entries(calls))
        await expectRefused(async () => reader[method](...args), HistoryReadOnlyError);
    }
    await expectRefused(() => past.transaction(() => Promise.resolve()), HistoryReadOnlyError);

    const runner = dataSource.createQueryRunner();
    const builder = () => then.manager.createQueryBuilder(ActiveReservation, 'r', runner);
    for (const method of ['insert', 'update', 'delete', 'softDelete', 'restore'] as const)
      expect(() => builder()[method]()).toThrow(HistoryReadOnlyError);
    expect(() => builder().setLock('pessimistic_write')).toThrow(HistoryReadOnlyError);
    const lock = { mode: 'optimistic', version: 1 } as const;
    await expectRefused(
      () => then.findOne(ActiveReservation, { where: { id: 1 }, lock }),
      HistoryReadOnlyError,
    );
    const related = () => builder().relation(ActiveReservation, 'rooms').of(1);
    await expectRefused(() => related().add(1), HistoryReadOnlyError);
    await expectRefused(() => related().remove(2), HistoryReadOnlyError);
    await expectRefused(() => related().addAndRemove([1], [2]), HistoryReadOnlyError);
    await expectRefused(
      () => builder().relation(ActiveReservation, 'guest').of(1).set(null),
      HistoryReadOnlyError,
    );
    expect(await related().loadMany()).toHaveLength(2);
    await runner.release();

    const shadow = then.getRepository(ActiveReservation).createQueryBuilder('r') as any;
    const source = shadow.dataSource ?? shadow.connection;
    expect(() => source.createQueryRunner()).toThrow(HistoryReadOnlyError);
    expect(() => source.query('DELETE FROM active_reservation')).toThrow(HistoryReadOnlyError);
    expect(() => source.destroy()).toThrow(HistoryReadOnlyError);
    expect(dataSource.isInitialized).toBe(true);
  });

  it('nothing of a read inside a transaction by its query runner', async () => {
    await manager.transaction(async (inner) => {
      await inner.update(ActiveReservation, { id: 1 }, { party: 6 });
      const builder = history
        .at(new Date())
        .manager.createQueryBuilder(ActiveReservation, 'r', inner.queryRunner);
      expect((await builder.where({ id: 1 }).getOne())?.party).toBe(6);
    });
  });
});
