import {
  Between,
  type DataSource,
  ILike,
  In,
  IsNull,
  LessThan,
  Like,
  MoreThan,
  MoreThanOrEqual,
  Not,
  Or,
  Raw,
  type SelectQueryBuilder,
} from 'typeorm';
import {
  Card,
  CardPayment,
  CashPayment,
  City,
  Discount,
  Guest,
  Line,
  Payment,
  type Reader,
  Reservation,
  Room,
} from '../entities/hotel.js';

type Read = (reader: Reader, dataSource: DataSource) => Promise<unknown>;

const byId = { order: { id: 'ASC' } } as const;
const inQueries = { ...byId, relationLoadStrategy: 'query' } as const;
const reservations = (reader: Reader): SelectQueryBuilder<Reservation> =>
  reader.createQueryBuilder(Reservation, 'r').orderBy('r.id');

/** Every kind of read that TypeORM has, by what is special in it. */
export const hotelReads: Record<string, Read> = {
  'find all': (reader) => reader.find(Reservation, byId),
  'findOne by key': (reader) => reader.findOne(Reservation, { where: { id: 2 } }),
  findOneBy: (reader) => reader.findOneBy(Reservation, { id: 3 }),
  'findOneBy of what was not there': (reader) => reader.findOneBy(Reservation, { id: 999 }),
  findOneOrFail: (reader) => reader.findOneOrFail(Guest, { where: { name: 'Eve' } }),
  'findBy of one that was deleted before': (reader) => reader.findBy(Guest, { name: 'Old' }),
  findBy: (reader) => reader.findBy(Room, { name: 'Blue room' }),
  findAndCount: (reader) => reader.findAndCount(Reservation, byId),
  'findAndCount of a page': (reader) => reader.findAndCount(Reservation, { ...byId, skip: 1, take: 2 }),
  'findAndCount of a page with to-many joins': (reader) =>
    reader.findAndCount(Reservation, { ...byId, skip: 1, take: 2, relations: { rooms: true, lines: true } }),
  'findAndCount beyond the end': (reader) => reader.findAndCount(Reservation, { ...byId, skip: 50, take: 5 }),
  count: (reader) => reader.count(Reservation),
  'count through a relation': (reader) =>
    reader.count(Reservation, { where: { rooms: { name: 'Blue room' } } }),
  exists: (reader) => reader.exists(Reservation, { where: { party: 9 } }),
  'exists not': (reader) => reader.exists(Reservation, { where: { party: 106 } }),
  sum: (reader) => reader.getRepository(Reservation).sum('party'),
  'average of some': (reader) => reader.getRepository(Payment).average('amount', { amount: MoreThan(5) }),
  'minimum and maximum': async (reader) => [
    await reader.getRepository(Payment).minimum('amount'),
    await reader.getRepository(Payment).maximum('amount'),
  ],
  'where with operators': (reader) =>
    reader.find(Reservation, {
      ...byId,
      where: { party: Between(3, 9), note: Not(IsNull()), id: In([1, 2, 4]) },
    }),
  'where with an or': (reader) =>
    reader.find(Reservation, { ...byId, where: [{ party: LessThan(3) }, { note: Like('note%') }] }),
  'where with Or and ILike': (reader) =>
    reader.find(Reservation, { ...byId, where: { note: Or(ILike('NOTE 1'), IsNull()) } }),
  'where with Raw': (reader) =>
    reader.find(Reservation, {
      ...byId,
      where: { party: Raw((alias) => `${alias} > :least`, { least: 3 }) },
    }),
  'where with Raw over another table': (reader) =>
    reader.find(Room, {
      order: { number: 'ASC' },
      where: { number: Raw((alias) => `${alias} IN (SELECT party FROM reservation)`) },
    }),
  'where through to-one': (reader) =>
    reader.find(Reservation, { ...byId, where: { guest: { name: 'Ann' } } }),
  'where through to-one by key': (reader) =>
    reader.find(Reservation, { ...byId, where: { guest: { id: 1 } } }),
  'where through to-many': (reader) => reader.find(Guest, { ...byId, where: { reservations: { party: 9 } } }),
  'where through many-to-many': (reader) =>
    reader.find(Reservation, { ...byId, where: { rooms: { number: 2 } } }),
  'where through its inverse side': (reader) =>
    reader.find(Room, { order: { number: 'ASC' }, where: { reservations: { party: MoreThan(4) } } }),
  'where through several': (reader) =>
    reader.find(Guest, { ...byId, where: { reservations: { lines: { text: Like('%of 1') } } } }),
  'where in an embedded': (reader) =>
    reader.find(Reservation, { ...byId, where: { stay: { nights: MoreThanOrEqual(3) } } }),
  'where through a relation of an embedded': (reader) =>
    reader.find(Reservation, { ...byId, where: { stay: { contact: { city: { name: 'Berlin' } } } } }),
  'relation to-one': (reader) =>
    reader.find(Line, { order: { reservationId: 'ASC', number: 'ASC' }, relations: { reservation: true } }),
  'relation to-many': (reader) => reader.find(Guest, { ...byId, relations: { reservations: true } }),
  'relation one-to-one, owner': (reader) =>
    reader.find(Card, { order: { number: 'ASC' }, relations: { guest: true } }),
  'relation one-to-one, inverse': (reader) => reader.find(Guest, { ...byId, relations: { card: true } }),
  'relation many-to-many': (reader) =>
    reader.find(Reservation, { order: { id: 'ASC', rooms: { number: 'ASC' } }, relations: { rooms: true } }),
  'relation many-to-many, inverse': (reader) =>
    reader.find(Room, {
      order: { number: 'ASC', reservations: { id: 'ASC' } },
      relations: { reservations: true },
    }),
  'relation many-to-many to itself': (reader) =>
    reader.find(Guest, { order: { id: 'ASC', knows: { id: 'ASC' } }, relations: { knows: true } }),
  'relation many-to-many to itself, inverse': (reader) =>
    reader.find(Guest, { order: { id: 'ASC', knownBy: { id: 'ASC' } }, relations: { knownBy: true } }),
  'relation to itself': (reader) =>
    reader.find(Reservation, { ...byId, relations: { changeOf: { changeOf: true } } }),
  'relation of an embedded': (reader) =>
    reader.find(Reservation, { ...byId, relations: { stay: { contact: { city: true } } } }),
  'relations of relations': (reader) =>
    reader.find(Guest, {
      order: { id: 'ASC', reservations: { id: 'ASC', lines: { number: 'ASC' }, rooms: { number: 'ASC' } } },
      relations: { reservations: { lines: { discounts: true }, rooms: true }, card: true },
    }),
  'relation to a composite key': (reader) => reader.find(Discount, { ...byId, relations: { line: true } }),
  'relation from a composite key': (reader) =>
    reader.find(Line, {
      order: { reservationId: 'ASC', number: 'ASC', discounts: { id: 'ASC' } },
      relations: { discounts: true },
    }),
  'composite key': (reader) => reader.findOneBy(Line, { reservationId: 1, number: 2 }),
  'page of a composite key': (reader) =>
    reader.find(Line, {
      order: { reservationId: 'DESC', number: 'ASC' },
      skip: 2,
      take: 3,
      relations: { reservation: true },
    }),
  'without eager relations': (reader) => reader.find(Reservation, { ...byId, loadEagerRelations: false }),
  select: (reader) =>
    reader.find(Reservation, { ...byId, select: { id: true, note: true }, loadEagerRelations: false }),
  'select in a relation': (reader) =>
    reader.find(Guest, {
      ...byId,
      select: { id: true, reservations: { id: true, party: true } },
      relations: { reservations: true },
    }),
  'select in an embedded': (reader) =>
    reader.find(Reservation, { ...byId, select: { id: true, stay: { nights: true } } }),
  'select of what is not selected by default': (reader) =>
    reader.find(Reservation, { ...byId, select: { id: true, pin: true } }),
  'order by several': (reader) => reader.find(Payment, { order: { amount: 'DESC', id: 'ASC' } }),
  'order by a relation, nulls last': (reader) =>
    reader.find(Line, {
      relations: { reservation: true },
      order: { reservation: { party: 'DESC' }, number: 'ASC' },
    }),
  withDeleted: (reader) => reader.find(Reservation, { ...byId, withDeleted: true }),
  'withDeleted only the deleted': (reader) =>
    reader.find(Reservation, { ...byId, withDeleted: true, where: { deletedAt: Not(IsNull()) } }),
  'withDeleted in relations': (reader) =>
    reader.find(Guest, { ...byId, withDeleted: true, relations: { reservations: true } }),
  'query strategy to-one': (reader) =>
    reader.find(Line, {
      order: { reservationId: 'ASC', number: 'ASC' },
      relationLoadStrategy: 'query',
      relations: { reservation: true },
    }),
  'query strategy to-many': (reader) =>
    reader.find(Guest, { ...inQueries, relations: { reservations: { lines: true } } }),
  'query strategy many-to-many': (reader) =>
    reader.find(Reservation, { ...inQueries, relations: { rooms: true } }),
  'query strategy one-to-one': (reader) => reader.find(Guest, { ...inQueries, relations: { card: true } }),
  loadRelationIds: (reader) => reader.find(Reservation, { ...byId, loadRelationIds: true }),
  'loadRelationIds of some': (reader) =>
    reader.find(Guest, { ...byId, loadRelationIds: { relations: ['reservations', 'knows'] } }),
  'lazy to-one': async (reader) => {
    const found = await reader.find(Reservation, byId);
    return Promise.all(found.map(({ payer }) => payer));
  },
  'lazy to-many, and lazy from there': async (reader) => {
    const { changes } = await reader.findOneOrFail(Reservation, { where: { id: 1 } });
    return Promise.all(
      (await changes).map(async (change) => [change, await change.payer, await change.changes]),
    );
  },
  'lazy of a joined entity': async (reader) => {
    const guest = await reader.findOneOrFail(Guest, {
      where: { name: 'Ann' },
      relations: { reservations: true },
      order: { reservations: { id: 'ASC' } },
    });
    return Promise.all(guest.reservations.map(({ payer }) => payer));
  },
  'single-table inheritance': (reader) => reader.find(Payment, byId),
  'single-table inheritance, a child': (reader) => reader.find(CardPayment, byId),
  'single-table inheritance, a child with relations': (reader) =>
    reader.find(CardPayment, { ...byId, relations: { card: { guest: true }, reservation: true } }),
  'single-table inheritance, where': (reader) => reader.find(CashPayment, { where: { till: 'front' } }),
  'what is not audited': (reader) => reader.find(City, { order: { code: 'ASC' } }),
  'builder with a join': (reader) =>
    reservations(reader)
      .innerJoinAndSelect('r.rooms', 'room', 'room.number > :least', { least: 1 })
      .addOrderBy('room.number')
      .getMany(),
  'builder with a join of an entity': (reader) =>
    reservations(reader)
      .innerJoin(Line, 'line', 'line.reservationId = r.id')
      .select('r.id', 'id')
      .addSelect('line.text', 'text')
      .addOrderBy('line.number')
      .getRawMany(),
  'builder with mapped joins': (reader) =>
    reservations(reader)
      .leftJoinAndMapMany('r.firstLines', Line, 'line', 'line.reservationId = r.id AND line.number = 1')
      .leftJoinAndMapOne('r.card', Card, 'card', 'card.guestId = r.guest_fk')
      .getMany(),
  'builder with groups': (reader) =>
    reader
      .createQueryBuilder(Reservation, 'r')
      .leftJoin('r.guest', 'g')
      .select('g.name', 'name')
      .addSelect('count(*)', 'number')
      .groupBy('g.name')
      .having('count(*) > 1')
      .orderBy('g.name')
      .getRawMany(),
  'builder with a sub-query in where': (reader) =>
    reservations(reader)
      .where(
        (query) =>
          `r.guest_fk IN ${query.subQuery().select('g.id').from(Guest, 'g').where('g.name = :name').getQuery()}`,
      )
      .setParameter('name', 'Ann')
      .getMany(),
  'builder with a sub-query in from': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .select('g.name', 'name')
      .addSelect('t.parties', 'parties')
      .innerJoin(
        (query) =>
          query
            .select('r.guest_fk', 'fk')
            .addSelect('sum(r.party)', 'parties')
            .from(Reservation, 'r')
            .groupBy('r.guest_fk'),
        't',
        't.fk = g.id',
      )
      .orderBy('g.name')
      .getRawMany(),
  'builder with a sub-query in select': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .select('g.name', 'name')
      .addSelect(
        (query) => query.select('count(*)', 'n').from(Reservation, 'r').where('r.guest_fk = g.id'),
        'n',
      )
      .orderBy('g.id')
      .getRawMany(),
  'builder with a sub-select in plain SQL': (reader, { driver }) =>
    reservations(reader)
      .where(
        `EXISTS (SELECT 1 FROM ${driver.escape('order')} c WHERE c.${driver.escape('guestId')} = r.guest_fk)`,
      )
      .getMany(),
  'builder with whereExists': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .whereExists(reader.createQueryBuilder(Reservation, 'r').where('r.guest_fk = g.id AND r.party > 4'))
      .orderBy('g.id')
      .getMany(),
  'builder with a common table expression': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .addCommonTableExpression('SELECT guest_fk FROM reservation WHERE party = 9', 'big')
      .where('g.id IN (SELECT guest_fk FROM big)')
      .getMany(),
  'builder with a builder as common table expression': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .addCommonTableExpression(
        reader.createQueryBuilder(Reservation, 'r').select('r.guest_fk', 'fk').where('r.party = 9'),
        'big',
        { columnNames: ['fk'] },
      )
      .where('g.id IN (SELECT fk FROM big)')
      .getMany(),
  'builder with a recursive one': (reader, { driver }) =>
    reader
      .createQueryBuilder(Reservation, 'r')
      .comment('the chain of changes')
      .addCommonTableExpression(
        `SELECT id FROM reservation WHERE id = 1 UNION ALL SELECT n.id FROM reservation n JOIN chain ON n.${driver.escape('changeOfId')} = chain.id`,
        'chain',
        { recursive: true, columnNames: ['id'] },
      )
      .where('r.id IN (SELECT id FROM chain)')
      .orderBy('r.id')
      .getMany(),
  'builder with a sub-select that has its own': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .where(
        'g.id IN (WITH big AS (SELECT guest_fk FROM reservation WHERE party = 9) SELECT guest_fk FROM big)',
      )
      .getMany(),
  'builder with a join of one that has its own': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .innerJoin(
        '(WITH RECURSIVE chain AS (SELECT id, guest_fk FROM reservation WHERE id = 1) SELECT guest_fk FROM chain)',
        'c',
        'c.guest_fk = g.id',
      )
      .getMany(),
  'builder with loadRelationIdAndMap': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .loadRelationIdAndMap('g.reservationIds', 'g.reservations')
      .orderBy('g.id')
      .getMany(),
  'builder page with joins': (reader) =>
    reservations(reader)
      .leftJoinAndSelect('r.lines', 'line')
      .addOrderBy('line.number')
      .skip(1)
      .take(2)
      .getMany(),
  'builder getRawAndEntities': (reader) =>
    reservations(reader).addSelect('r.party * 2', 'twice').getRawAndEntities(),
  'builder getManyAndCount': (reader) =>
    reservations(reader).innerJoin('r.lines', 'line').take(1).getManyAndCount(),
  'builder getExists': (reader) =>
    reader.createQueryBuilder(Guest, 'g').where('g.name = :name', { name: 'Nobody' }).getExists(),
  'builder with a self-join': (reader) =>
    reader
      .createQueryBuilder(Reservation, 'a')
      .innerJoin(Reservation, 'b', 'b.party = a.party + 1')
      .select('a.id', 'a')
      .addSelect('b.id', 'b')
      .orderBy('a.id')
      .addOrderBy('b.id')
      .getRawMany(),
  'builder from a table by name': (reader) =>
    reader
      .createQueryBuilder(Guest, 'g')
      .innerJoin('acquaintance', 'k', 'k.guestId_1 = g.id')
      .select('g.name', 'name')
      .orderBy('g.name')
      .getRawMany(),
  'builder over all relation ids': (reader) => reservations(reader).loadAllRelationIds().getMany(),
  'relation builder': (reader) =>
    reader.createQueryBuilder(Guest, 'g').relation(Guest, 'knows').of(1).loadMany(),
  repository: (reader) => reader.getRepository(Guest).find({ ...byId, relations: { knows: true } }),
  'repository by name': (reader) => reader.getRepository('Guest').count(),
  'custom repository': (reader) =>
    reader
      .getRepository(Reservation)
      .extend({
        findOf(this: ReturnType<typeof reader.getRepository<Reservation>>, name: string) {
          return this.createQueryBuilder('r')
            .innerJoin('r.guest', 'g')
            .where('g.name = :name', { name })
            .orderBy('r.id')
            .getMany();
        },
      })
      .findOf('Ann'),
  withRepository: (reader, dataSource) =>
    reader
      .withRepository(
        dataSource.getRepository(Guest).extend({
          named(this: ReturnType<typeof reader.getRepository<Guest>>, name: string) {
            return this.findBy({ name });
          },
        }),
      )
      .named('Ann'),
};
