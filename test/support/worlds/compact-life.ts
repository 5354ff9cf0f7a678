import { expect } from '@jest/globals';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { type AttachedAudit, attachAudit } from '../../../src/attach-audit.js';
import { type AuditOptions } from '../../../src/audit.options.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { createDatabase, type DatabaseName } from '../servers/databases.js';
import { expectInvariants } from '../assertions/invariants.js';

@Audited()
@Entity()
class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) name: string;
  @Column('bigint', { default: 0 }) points: string;
  @OneToMany(() => Stay, (stay) => stay.guest, { cascade: true }) stays: Stay[];
}

@Audited()
@Entity()
class Stay {
  @PrimaryGeneratedColumn() id: number;
  @Column('decimal', { precision: 10, scale: 2, default: 0 }) price: string;
  @Column({ default: false }) isPaid: boolean;
  @Column({ nullable: true }) from: Date;
  @Column('simple-json', { nullable: true }) wishes: unknown;
  @ManyToOne(() => Guest, (guest) => guest.stays, { onDelete: 'CASCADE' }) guest: Guest;
  @ManyToMany(() => Room) @JoinTable() rooms: Room[];
  @DeleteDateColumn() leftAt: Date | null;
}

@Audited()
@Entity()
class Room {
  @PrimaryColumn() name: string;
}

/** A data source on a database of its own, with the library or without it. */
export interface Life {
  readonly dataSource: DataSource;
  /** Undefined without the library. */
  readonly audit: AttachedAudit | undefined;
  close(): Promise<void>;
}

/** @param change what else the data source is given, beside how it reaches its database */
export async function openLife(
  name: DatabaseName,
  change: (options: DataSourceOptions) => object,
  audit: AuditOptions | false,
): Promise<Life> {
  const database = await createDatabase(name);
  const { options } = database;
  const entities = [Guest, Stay, Room];
  // By itself and to the server itself, as its tables would be made by a migration.
  if (name !== 'sqlite')
    await (await new DataSource({ ...options, entities, synchronize: true }).initialize()).destroy();
  const dataSource = new DataSource({
    ...options,
    synchronize: name === 'sqlite',
    ...change(options),
    entities,
  });
  const close = async (): Promise<void> => {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.drop();
  };
  try {
    await dataSource.initialize();
    return { dataSource, audit: audit ? attachAudit(dataSource, audit) : undefined, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Writes to all entities in many ways, and reads them. @returns what a caller got, which is the same with audit */
export async function live({ dataSource, audit }: Life, name = 'ann'): Promise<unknown> {
  const { manager } = dataSource;
  const played: unknown[] = [];
  const play = async (write: () => Promise<unknown>): Promise<void> => {
    const result = audit ? await audit.context.run({ actor: name }, write) : await write();
    // TypeORM's own objects change with the next write.
    played.push(structuredClone(JSON.parse(JSON.stringify(result ?? null))));
  };
  const guest = () => manager.findOneOrFail(Guest, { where: { name }, relations: { stays: true } });
  const stay = async (n: number) => (await guest()).stays.sort((one, other) => one.id - other.id)[n];
  await play(() => manager.save(Room, [{ name: `${name} 1` }, { name: `${name} 2` }]));
  await play(() =>
    manager.save(Guest, {
      name,
      points: '12',
      stays: [{ price: '10.50', from: new Date('2026-01-02T03:04:05Z') }, { wishes: { late: true } }],
    }),
  );
  await play(async () => manager.save(Stay, { ...(await stay(0)), price: '11.25' }));
  await play(async () => manager.update(Stay, { guest: { id: (await guest()).id } }, { isPaid: true }));
  await play(async () => manager.update(Stay, { guest: { id: (await guest()).id } }, { isPaid: true }));
  await play(async () => manager.increment(Guest, { name }, 'points', 3));
  await play(() => manager.upsert(Guest, { name, points: '99' }, ['name']));
  await play(() => manager.insert(Guest, { name: `${name} too` }));
  await play(async () => {
    const target = await stay(0);
    const { id } = target;
    return manager.save(Stay, { id, rooms: [{ name: `${name} 1` }, { name: `${name} 2` }] });
  });
  await play(async () =>
    manager
      .createQueryBuilder()
      .relation(Stay, 'rooms')
      .of((await stay(0)).id)
      .remove(`${name} 2`),
  );
  await play(async () => manager.softDelete(Stay, (await stay(1)).id));
  await play(async () => manager.remove(await manager.findOneByOrFail(Room, { name: `${name} 2` })));
  await play(() => manager.delete(Guest, { name: `${name} too` }));
  await play(() => manager.delete(Guest, { name: 'nobody' }));
  await play(() =>
    dataSource.transaction(async (inside) => {
      await inside.update(Guest, { name }, { points: '100' });
      await inside.save(Guest, { name: `${name} again` });
      await inside.delete(Guest, { name: `${name} again` });
    }),
  );
  await play(() =>
    manager.find(Stay, {
      where: { guest: { name } },
      relations: { rooms: true, guest: true },
      withDeleted: true,
      order: { id: 'ASC' },
    }),
  );
  return without(played, KEYS);
}

// Two lives that are lived at once get other keys, and every life other times.
const KEYS = new Set(['id', 'leftAt', 'insertId']);

function without(value: unknown, names: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !names.has(name))
      .map(([name, member]) => [name, without(member, names)]),
  );
}

/** Expects the whole history of `live()`, read and taken back in every way. */
export async function expectHistory({ dataSource, audit }: Life, name = 'ann'): Promise<void> {
  const { history, context } = audit!;
  const { manager } = dataSource;
  const guest = await manager.findOneByOrFail(Guest, { name });
  const timeline = await history.timeline(Guest, guest.id, { order: 'asc' });
  expect(timeline.items.map(({ operation }) => operation)).toEqual(['insert', 'update', 'update', 'update']);
  expect(timeline.items.map(({ actor }) => actor)).toEqual([name, name, name, name]);
  // What the history shows has the types that the entity has under the data source's options.
  expect({ ...(await history.latest(Guest, guest.id))?.snapshot }).toEqual({ ...guest });
  const first = timeline.items[0];
  const asOf = await history.asOf(Guest, guest.id, first.createdAt);
  expect(Number(asOf?.points)).toBe(12);
  const past = history.at({ transaction: first.transaction });
  const [then] = await past.find(Guest, { where: { name }, relations: { stays: true } });
  expect(then.stays.map(({ price }) => Number(price)).sort()).toEqual([0, 10.5]);
  const feed = await history.feed({ entities: [Guest, Stay, Room], actor: name, limit: 200 });
  expect(feed.items.length).toBe(17);
  expect((await history.transaction(first.transaction)).items.length).toBe(3);

  await context.run({ actor: 'restorer' }, async () => {
    const restored = await history.restore(Guest, guest.id, 1);
    expect(Number((await manager.findOneByOrFail(Guest, { name })).points)).toBe(12);
    await history.undo(restored!.transaction);
  });
  expect(await manager.findOneByOrFail(Guest, { name })).toEqual(guest);
  await expectInvariants(dataSource);
}
