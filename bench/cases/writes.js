import { In, MoreThan } from 'typeorm';
import { booking } from '../entities.js';
import { sqlOf } from '../sql.js';

/** @import { Entity, Subject, WriteCase } from '../types.js' */

/** @type {WriteCase} */
const insertOne = {
  name: 'insert-1',
  hasMasks: true,
  entities: 1,
  revisions: 1,
  batch: true,
  prepare: async (subject) => newBooking(subject),
  run: (subject, entity) => bookings(subject).save(entity),
  sql: (subject, entity) => insertByHand(subject, [entity]),
};

/** @type {WriteCase} */
const updateOne = {
  name: 'update-1',
  hasMasks: true,
  entities: 1,
  revisions: 1,
  batch: true,
  before: seed,
  prepare: async (subject) => changed(nextSeeded(subject)),
  run: (subject, entity) => bookings(subject).save(entity),
  sql: updateByHand,
};

/** @type {WriteCase} */
const updateById = {
  ...updateOne,
  name: 'update-id-1',
  isWhole: true,
  run: (subject, { id, party }) => bookings(subject).update(id, { party }),
};

/** @type {WriteCase} */
const removeOne = {
  name: 'remove-1',
  entities: 1,
  revisions: 1,
  batch: true,
  prepare: async (subject) => (await stored(subject, 1))[0],
  run: (subject, entity) => bookings(subject).remove(entity),
  sql: ({ dataSource }, { id }) =>
    dataSource.query(`DELETE FROM booking WHERE id = ${sqlOf(dataSource).parameter(1)}`, [id]),
};

/** @type {WriteCase} */
const insertMany = {
  name: 'insert-1000',
  hasMasks: true,
  entities: 1000,
  revisions: 1000,
  prepare: async (subject) => Array.from({ length: 1000 }, () => newBooking(subject)),
  run: (subject, entities) => bookings(subject).save(entities),
  sql: insertByHand,
};

/** @type {WriteCase} */
const updateMany = {
  name: 'update-1000',
  entities: 1000,
  revisions: 1000,
  before: async (subject) => {
    subject.thousand = await stored(subject, 1000);
  },
  prepare: async ({ thousand }) => thousand.map(changed),
  run: (subject, entities) => bookings(subject).save(entities),
  sql: ({ dataSource }, entities) =>
    dataSource.query(`UPDATE booking SET party = party + 1 WHERE id BETWEEN ${bounds(entities)}`),
};

/** @type {WriteCase} */
const removeMany = {
  name: 'remove-1000',
  entities: 1000,
  revisions: 1000,
  prepare: (subject) => stored(subject, 1000),
  // TypeORM's own remove() of 1,000 exceeds SQLite's depth of expressions.
  run: (subject, entities) =>
    bookings(subject).remove(entities, isSqlite(subject) ? { chunk: 500 } : undefined),
  sql: ({ dataSource }, entities) =>
    dataSource.query(`DELETE FROM booking WHERE id BETWEEN ${bounds(entities)}`),
};

/** @type {WriteCase} */
const criteriaUpdate = {
  name: 'criteria-update-10000',
  hasMasks: true,
  entities: 10_000,
  revisions: 10_000,
  isWhole: true,
  before: (subject) => refill(subject, 10_000),
  prepare: async () => `Note ${++made}`,
  run: (subject, note) => bookings(subject).update({ party: MoreThan(0) }, { note }),
  sql: ({ dataSource }, note) => dataSource.query(`UPDATE booking SET note = '${note}' WHERE party > 0`),
};

/** @type {WriteCase} */
const criteriaDelete = {
  name: 'criteria-delete-10000',
  entities: 10_000,
  revisions: 10_000,
  prepare: (subject) => refill(subject, 10_000),
  run: (subject) => bookings(subject).delete({ party: MoreThan(0) }),
  sql: ({ dataSource }) => dataSource.query('DELETE FROM booking WHERE party > 0'),
};

// A room's tag is replaced by another: a row of the junction table goes and one comes.
/** @type {WriteCase} */
const manyToMany = {
  name: 'many-to-many-1',
  entities: 1,
  revisions: 2,
  batch: true,
  historyOf: () => 'room_tag_rev',
  before: async (subject) => {
    const { dataSource, entities } = subject;
    const tags = await dataSource.getRepository(entities.Tag).save([{ name: 'sea' }, { name: 'hill' }]);
    const rooms = Array.from({ length: 50 }, (_, n) => ({ name: `Room ${n}`, tags: [tags[0]] }));
    const saved = await dataSource.getRepository(entities.Room).save(rooms);
    Object.assign(subject, { tags, rooms: saved, room: 0 });
  },
  prepare: async (subject) => {
    const room = subject.rooms[subject.room++ % subject.rooms.length];
    room.tags = [room.tags[0] === subject.tags[0] ? subject.tags[1] : subject.tags[0]];
    return room;
  },
  run: ({ dataSource, entities }, room) => dataSource.getRepository(entities.Room).save(room),
};

// SQLite's connection is one for all, and TypeORM lets concurrent transactions run into each other on it.
/** @type {WriteCase} */
const concurrent = {
  name: 'concurrent-8',
  entities: 80,
  revisions: 80,
  on: ['postgres', 'mariadb', 'mysql'],
  prepare: async (subject) =>
    Array.from({ length: 8 }, () => Array.from({ length: 10 }, () => newBooking(subject))),
  run: (subject, writers) =>
    Promise.all(
      writers.map(async (entities) => {
        for (const entity of entities) await bookings(subject).save(entity);
      }),
    ),
  sql: (subject, writers) =>
    Promise.all(
      writers.map(async (entities) => {
        for (const entity of entities) await insertByHand(subject, [entity]);
      }),
    ),
};

export const writeCases = [
  insertOne,
  updateOne,
  removeOne,
  updateById,
  manyToMany,
  concurrent,
  insertMany,
  updateMany,
  removeMany,
  criteriaUpdate,
  criteriaDelete,
];

/**
 * Empties the table and its history, and fills it by SQL with rows that have one revision each.
 *
 * @param {Pick<Subject, 'name' | 'dataSource' | 'history'>} subject
 * @param {number} count
 */
export async function refill({ name, dataSource, history }, count) {
  const sql = sqlOf(dataSource);
  const empty = sql.type === 'better-sqlite3' ? 'DELETE FROM' : 'TRUNCATE';
  for (const table of history ? ['booking', history] : ['booking'])
    await dataSource.query(`${empty} ${table}`);
  const text = (word) => sql.concat(`'${word} '`, sql.text('s.n'));
  await dataSource.query(
    `INSERT INTO booking (guest, email, party, note) SELECT ${text('Guest')}, ${text('mail')}, 1, ${text('Floor')} ` +
      `FROM ${sql.series(count, 's')}`,
  );
  if (name === 'ours') await insertRevisions(dataSource, { from: 'booking b' });
  // Else its statistics are those of the empty table until a background job comes by.
  await sql.analyze('booking', ...(history ? [history] : []));
}

/** Writes revisions by SQL: of all rows, or as many as a series has. */
export async function insertRevisions(dataSource, { from, version = '1', number = 'b.id' }) {
  const sql = sqlOf(dataSource);
  await dataSource.query(
    'INSERT INTO booking_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_transaction, ' +
      `id, guest, email, party, note) SELECT ${sql.uuid(number)}, 1600000000 + ${version}, FALSE, ${version}, ` +
      `'baseline', ${sql.uuid('1')}, b.id, b.guest, b.email, b.party, b.note FROM ${from}`,
  );
}

/** @param {Pick<Subject, 'dataSource' | 'entities'>} subject */
export function bookings({ dataSource, entities }) {
  return dataSource.getRepository(entities.Booking);
}

let made = 0;

function newBooking(subject) {
  return bookings(subject).create(booking(++made));
}

/**
 * Bookings that are there, ours with their histories.
 *
 * @param {Subject} subject
 * @param {number} count
 * @returns {Promise<Entity[]>}
 */
export async function stored(subject, count) {
  const entities = Array.from({ length: count }, () => newBooking(subject));
  const repository = bookings(subject);
  if (!subject.isHandWritten) {
    // A peer's history is not what its next write looks at: without it there is less to wait for.
    return repository.save(entities, { listeners: subject.name === 'ours' });
  }
  await insertByHand(subject, entities);
  return repository.findBy({ guest: In(entities.map(({ guest }) => guest)) });
}

/** @param {Subject} subject */
async function seed(subject) {
  subject.seeded ??= await stored(subject, 200);
  subject.next ??= 0;
}

function nextSeeded(subject) {
  return subject.seeded[subject.next++ % subject.seeded.length];
}

function changed(entity) {
  entity.party = (entity.party % 1_000_000) + 1;
  return entity;
}

function insertByHand({ dataSource }, entities) {
  const { parameter } = sqlOf(dataSource);
  let n = 0;
  const rows = entities.map(() => `(${[1, 2, 3, 4].map(() => parameter(++n)).join(', ')})`);
  const values = entities.flatMap(({ guest, email, party, note }) => [guest, email, party, note]);
  return dataSource.query(
    `INSERT INTO booking (guest, email, party, note) VALUES ${rows.join(', ')}`,
    values,
  );
}

function updateByHand({ dataSource }, { id, party }) {
  const { parameter } = sqlOf(dataSource);
  return dataSource.query(`UPDATE booking SET party = ${parameter(1)} WHERE id = ${parameter(2)}`, [
    party,
    id,
  ]);
}

function bounds(entities) {
  const ids = entities.map(({ id }) => id);
  return `${Math.min(...ids)} AND ${Math.max(...ids)}`;
}

function isSqlite({ dataSource }) {
  return dataSource.options.type === 'better-sqlite3';
}
