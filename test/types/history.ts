// Compiled by several TypeScripts, strict and not, against the built declarations: test/unit/types.test.ts.
import {
  type FeedRevision,
  type Page,
  type AttachedAudit,
  type Change,
  type EntityId,
  type HistoryService,
  type PropertyOrRelation,
  type PropertyPath,
  type Revision,
  revisionOf,
  type Scalar,
  type Snapshot,
} from 'nestjs-typeorm-audit';
import { type DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { Guest, Line, Money, Order, Status, VoucherSchema } from './entities.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

declare function assertType<Same extends true>(): Same;

export function paths(): void {
  assertType<
    Equal<
      PropertyPath<Order>,
      | 'id'
      | 'status'
      | 'note'
      | 'placedAt'
      | 'big'
      | 'receipt'
      | 'tags'
      | 'settings'
      | 'anything'
      | 'parcels'
      | 'source'
      | 'price'
      | 'price.cents'
      | 'address'
      | 'address.street'
      | 'address.city'
      | 'address.place'
      | 'address.place.lat'
      | 'address.place.lng'
      | 'payerId'
    >
  >();
  assertType<Equal<PropertyPath<ObjectLiteral>, string>>();
  assertType<Equal<PropertyPath<any>, string>>();
}

export function snapshots(snapshot: Snapshot<Order>, line: Snapshot<Line>, loose: Snapshot<any>): void {
  const status: Status = snapshot.status;
  const city: string | null = snapshot.address.city;
  const sum: Money = snapshot.price.plus(snapshot.price);
  const skus: string[] = snapshot.parcels.map(({ sku }) => sku);
  const key: { readonly [name: string]: string | number | null } = {
    // The names that naming strategies give, and names of one's own.
    guest: snapshot.guestId,
    first: snapshot.first_guest_id,
    own: snapshot.guest_fk,
    payer: snapshot.payerId,
    order: line.orderId,
  };
  const orderId: number = line.orderId;
  void [
    status,
    city,
    sum,
    skus,
    key,
    orderId,
    snapshot.country_code,
    snapshot.countryCode,
    loose.whatever.it.is,
  ];
  // @ts-expect-error a typo
  void snapshot.stauts;
  // @ts-expect-error no column of Country
  void snapshot.countryCdoe;
  // @ts-expect-error a relation to many
  void snapshot.lines;
  // @ts-expect-error a relation to one
  void snapshot.guest;
  // @ts-expect-error a relation to one, told by BaseEntity
  void snapshot.payer;
  // @ts-expect-error a relation to one, told by ToOne
  void snapshot.country;
  // @ts-expect-error a lazy relation
  void snapshot.lazy;
  // @ts-expect-error a method
  void snapshot.total;
  // @ts-expect-error its join column is orderId, a property
  void line.order_fk;
}

export function changes(change: Change<Order>, loose: Change): void {
  if (change.property === 'status') {
    const status: Status | null = change.from;
    void status;
  }
  if (change.property === 'address.city') assertType<Equal<NonNullable<typeof change.to>, string>>();
  if (change.property === 'address.place.lat') assertType<Equal<NonNullable<typeof change.to>, number>>();
  if (change.property === 'placedAt') assertType<Equal<NonNullable<typeof change.to>, Date>>();
  if (change.property === 'guestId') assertType<Equal<NonNullable<typeof change.to>, number>>();
  if (change.property === 'guest_fk') assertType<Equal<NonNullable<typeof change.to>, number>>();
  if (change.property === 'first_guest_id') assertType<Equal<NonNullable<typeof change.to>, number>>();
  if (change.property === 'countryCode') assertType<Equal<NonNullable<typeof change.to>, Scalar>>();
  if (change.property === 'payerId') assertType<Equal<NonNullable<typeof change.to>, string>>();
  switch (change.property) {
    case 'price': {
      const price: Money | null = change.to;
      void price;
      break;
    }
    case 'parcels':
      void change.from?.map(({ weight }) => weight);
      break;
    // @ts-expect-error a typo
    case 'stauts':
      break;
    // @ts-expect-error a relation
    case 'guest':
      break;
    // @ts-expect-error a relation
    case 'lines':
      break;
    // @ts-expect-error a method
    case 'total':
      break;
    // @ts-expect-error a typo within an embedded
    case 'address.ctiy':
      break;
  }
  const property: string = loose.property;
  void property;
  assertType<Equal<typeof loose.property, string>>();
  assertType<Equal<typeof loose.from, unknown>>();
  const [any]: Change[] = [change];
  void any;
}

export async function timelines({ history }: AttachedAudit): Promise<void> {
  for (const property of ['status', 'address', 'address.city', 'guest', 'guestId', 'payer'] as const)
    await history.timeline(Order, 1, { property });
  // @ts-expect-error a typo
  await history.timeline(Order, 1, { property: 'stauts' });
  // @ts-expect-error a relation to many has no columns here
  await history.timeline(Order, 1, { property: 'lines' });
  // @ts-expect-error of another entity
  await history.timeline(Order, 1, { property: 'guest.name' });
  // @ts-expect-error a method
  history.timeline.all(Order, 1, { property: 'total' });
  await history.timeline('order', 1, { property: 'anything' });
  await history.timeline(VoucherSchema, 'A', { property: 'amount' });
  // @ts-expect-error a typo
  await history.timeline(VoucherSchema, 'A', { property: 'ammount' });

  const { items } = await history.timeline(Order, 1);
  assertType<Equal<(typeof items)[0], Revision<Order>>>();
  // @ts-expect-error a relation
  void items[0].snapshot?.lines.map((line) => line);
  for await (const { snapshot } of history.timeline.all(Order, 1)) void snapshot?.status;
  const loose: Revision = items[0];
  const loosest: Revision<any> = items[0];
  void [loose, loosest];
  void (await history.timeline('order', { id: 1 })).items[0].snapshot?.whatever;
  void (await history.timeline(VoucherSchema, 'A')).items[0].snapshot?.amount;

  assertType<Equal<Awaited<ReturnType<typeof history.undo>>, Revision[]>>();
  const found = [
    await history.asOf(Order, 1, 1),
    (await history.latest(Order, 1))?.snapshot,
    (await history.revision(Order, 1, 2))?.snapshot,
    (await history.restore(Order, 1, items[0]))?.snapshot,
  ];
  // @ts-expect-error a relation
  void found[0]?.guest.name;
  void found[0]?.address.city;
  const [change] = await history.diff(Order, 1, 1, 2);
  // @ts-expect-error a typo
  if (change.property === 'noet') return;
  // The past has relations.
  void (await history.at(new Date()).find(Order, { relations: { lines: true } }))[0].lines.length;
}

export async function ids({ history, maintenance }: AttachedAudit, order: Order, line: Line): Promise<void> {
  const snapshot = await history.asOf(Order, order, 1);
  const [{ entityId }] = (await history.feed()).items;
  const ofAny: EntityId[] = [1, 'a', 1n, true, new Date(), Buffer.from('a'), { id: 1 }, order, entityId];
  const ofLine: EntityId<Line>[] = [
    { orderId: 1, position: 2 },
    { orderId: '1', position: 2n },
    { order: { id: 1 }, position: 2 },
    { order, position: 2 },
    line,
    entityId,
  ];
  const ofOrder: EntityId<Order>[] = [{ id: 1 }, { guest: { id: 1 } }, { guest_fk: 1 }, order, snapshot!];
  // The value of a transformer.
  const ofPrice: EntityId<{ price: Money }> = new Money(1);
  await maintenance.erase(Line, { orderId: 1, position: 2 });
  // @ts-expect-error a map
  await history.latest(Order, new Map());
  // @ts-expect-error a function
  await history.latest(Order, () => 1);
  // @ts-expect-error a class
  await history.latest(Order, Order);
  // @ts-expect-error an array
  await history.revision(Order, [1], 1);
  // @ts-expect-error an empty array
  await history.revision(Order, [], 1);
  // @ts-expect-error a symbol
  await history.latest(Order, Symbol('id'));
  // @ts-expect-error a promise
  await history.latest(Order, Promise.resolve(1));
  // @ts-expect-error a typo
  await history.latest(Line, { orderId: 1, positoin: 2 });
  // @ts-expect-error a map
  await history.latest('order', new Map());
  // @ts-expect-error a set
  await history.latest('order', new Set([1]));
  // @ts-expect-error a function
  await history.latest('order', () => 1);
  // @ts-expect-error an array
  await history.revision('order', [], 1);
  const newest = await history.latest(Order, [1, 2]);
  assertType<Equal<typeof newest, Map<number, Revision<Order> | null>>>();
  const ids: number[] = [1, 2];
  const pages = await history.timeline(Order, ids, { changed: { status: { from: Status.Paid } } });
  assertType<Equal<typeof pages, Map<number, Page<Revision<Order>>>>>();
  // @ts-expect-error a map among the ids
  await history.latest(Order, [1, new Map()]);
  // @ts-expect-error several rows have no common cursor
  await history.timeline(Order, ids, { cursor: 'x' });
  // @ts-expect-error a typo
  await history.timeline(Order, 1, { changed: { stauts: { from: Status.Paid } } });
  // @ts-expect-error a value of another type
  await history.timeline(Order, 1, { changed: { status: { from: 1 } } });
  await history.timeline(Order, 1, { changed: { guest: { to: 7 }, 'address.city': { to: null } } });
  void [ofAny, ofLine, ofOrder, ofPrice, newest, pages];
}

export async function feeds({ history }: AttachedAudit): Promise<void> {
  const listed = (await history.feed({ entities: [Order, Guest] })).items[0];
  assertType<Equal<typeof listed, FeedRevision<Order> | FeedRevision<Guest>>>();
  const [revision]: Revision[] = [listed];
  // @ts-expect-error a relation of both
  void listed.snapshot?.orders;

  const named = (await history.feed({ entities: { order: Order, guest: Guest }, actor: 'ann' })).items[0];
  if (named.entity === 'order') {
    void named.snapshot?.status;
    // @ts-expect-error a column of the other
    void named.snapshot?.name;
    for (const change of named.changes)
      if (change.property === 'placedAt') assertType<Equal<NonNullable<typeof change.to>, Date>>();
  } else {
    void named.snapshot?.name;
    // @ts-expect-error a column of the other
    void named.snapshot?.status;
  }
  // @ts-expect-error a typo
  if (named.entity === 'oder') return;
  for await (const item of history.feed.all({ entities: { order: Order, guest: Guest } }))
    if (item.entity === 'guest') void item.snapshot?.address.city;
  const schemas = (await history.feed({ entities: { voucher: VoucherSchema, order: Order } })).items[0];
  if (schemas.entity === 'voucher') void schemas.snapshot?.amount;

  const loose = [
    ...(await history.feed()).items,
    ...(await history.feed({ entities: ['order', 'order_tags'] })).items,
    ...(await history.transaction('id')).items,
  ];
  assertType<Equal<(typeof loose)[0], FeedRevision>>();
  void [loose, revision];
  await history.feed({ entities: [Order], changed: { status: { from: Status.Paid } }, property: 'guest' });
  // @ts-expect-error a typo
  await history.feed({ entities: [Order], changed: { stauts: {} } });
  // @ts-expect-error a value of another type
  await history.feed({ entities: [Order], changed: { status: { from: 1 } } });
  // @ts-expect-error a typo
  await history.feed({ entities: { order: Order }, property: 'stauts' });
  const [item] = (await history.feed({ events: true, actor: 'ann' })).items;
  if (item.kind === 'event') void item.outcome;
  else void item.changes;
  // @ts-expect-error an event has no changes
  void item.changes;
  // @ts-expect-error an entity outside of a list
  await history.feed({ entities: Order });
  // @ts-expect-error not an entity
  await history.feed({ entities: [1] });
}

export async function erasures({ maintenance }: AttachedAudit): Promise<void> {
  await maintenance.erase(Guest, 1, {
    columns: ['name', 'address', 'address.city', 'revActor', 'revContext'],
  });
  await maintenance.erase(Order, 1, { columns: ['guest', 'guest_fk'] });
  await maintenance.erase('guest', 1, { columns: ['anything'] });
  // @ts-expect-error a typo
  await maintenance.erase(Guest, 1, { columns: ['nmae'] });
  // @ts-expect-error a relation to many
  await maintenance.erase(Guest, 1, { columns: ['orders'] });
  // @ts-expect-error a column of revisions that is not erased
  await maintenance.erase(Guest, 1, { columns: ['revVersion'] });
}

export async function revisions(dataSource: DataSource): Promise<void> {
  const repository = dataSource.getRepository(revisionOf(Order));
  const [row] = await repository.find({
    where: { revActor: 'ann', status: Status.Paid, guest_fk: 1, address: { city: 'Rome' } },
    order: { revVersion: 'DESC', placedAt: 'ASC', address: { city: 'ASC' } },
    select: { revId: true, status: true },
  });
  void [row.revVersion, row.status, row.guest_fk];
  await dataSource.getRepository(revisionOf(VoucherSchema)).findBy({ amount: 1, revOperation: 'insert' });
  // @ts-expect-error a relation
  void row.guest;
  // @ts-expect-error a relation to many
  void row.lines;
  // @ts-expect-error a relation
  await repository.find({ relations: { guest: true } });
  // @ts-expect-error a relation
  await repository.find({ where: { guest: { id: 1 } } });
  // @ts-expect-error a relation
  await repository.find({ order: { guest: { name: 'ASC' } } });
  // @ts-expect-error a typo
  await repository.find({ where: { revActr: 'ann' } });
}

/** Code for any entity. */
export class Reader<E extends ObjectLiteral> {
  constructor(
    private readonly history: HistoryService,
    private readonly entity: EntityTarget<E>,
  ) {}

  async changed(id: number): Promise<string[] | undefined> {
    const revision = await this.history.latest(this.entity, id);
    return revision?.changes.map(({ property }) => property);
  }

  async all(id: EntityId<E>, property: PropertyOrRelation<E>): Promise<Revision[]> {
    const { items } = await this.history.timeline(this.entity, id, { property });
    // @ts-expect-error any string
    await this.history.timeline(this.entity, id, { property: String(property) });
    return items;
  }

  asOf(id: EntityId): Promise<Snapshot<E> | null> {
    return this.history.asOf(this.entity, id, 1);
  }
}
