import { Audited, attachAudit, Masked } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { createDatabase } from './databases.js';
import { writeEntities } from './entities.js';
import { createTriggers } from './triggers.js';

/** @import { DatabaseName, Subject, SubjectPlan } from './types.js' */

/** @type {SubjectPlan} */
const plain = {
  name: 'plain',
  prepare() {
    const entities = writeEntities();
    return { entities, options: { entities: Object.values(entities) } };
  },
};

/** @type {SubjectPlan} */
const ours = {
  name: 'ours',
  prepare() {
    const entities = writeEntities((entity) => Audited()(entity));
    return {
      entities,
      options: { entities: Object.values(entities) },
      table: 'booking_rev',
      attach: (dataSource) => void attachAudit(dataSource),
    };
  },
};

// Two of the five columns are masked.
/** @type {SubjectPlan} */
const masked = {
  ...ours,
  name: 'masked',
  prepare(type) {
    const entities = writeEntities((entity) => Audited()(entity));
    for (const property of ['guest', 'email']) Masked()(entities.Booking.prototype, property);
    return {
      ...ours.prepare(type),
      entities,
      options: { entities: Object.values(entities) },
      attach: (dataSource) => void attachAudit(dataSource, { maskKey: 'a key for measuring only' }),
    };
  },
};

// It has the revision tables, but nothing of the library hears its writes: they are SQL, and so is its history.
/** @type {SubjectPlan} */
const limit = {
  name: 'limit',
  isHandWritten: true,
  prepare: (type) => ({ ...ours.prepare(type), attach: createTriggers }),
};

/**
 * Opens all subjects on a database, each with a data source and a database of its own.
 *
 * @param {DatabaseName} databaseName
 * @param {SubjectPlan[]} peers
 * @returns {Promise<Subject[]>}
 */
export async function openSubjects(databaseName, peers) {
  const subjects = [];
  for (const subject of [plain, ours, masked, limit, ...peers])
    if (!subject.on || subject.on.includes(databaseName))
      subjects.push(await openSubject(databaseName, { ...subject, isPeer: peers.includes(subject) }));
  return subjects;
}

/**
 * Opens one subject alone.
 *
 * @param {DatabaseName} databaseName
 * @param {'plain' | 'ours' | 'limit'} name
 */
export function openOne(databaseName, name) {
  return openSubject(databaseName, { plain, ours, limit }[name]);
}

/**
 * @param {DatabaseName} databaseName
 * @param {SubjectPlan} plan
 * @returns {Promise<Subject>}
 */
async function openSubject(databaseName, { name, isHandWritten = false, isPeer = false, prepare }) {
  const database = await createDatabase(databaseName);
  try {
    const { entities, options, table, attach, drain } = prepare(database.options.type);
    const dataSource = new DataSource({ ...database.options, ...options, synchronize: true });
    await dataSource.initialize();
    await attach?.(dataSource);
    const close = async () => {
      await dataSource.destroy();
      await database.drop();
    };
    return {
      name,
      isHandWritten,
      isPeer,
      options: database.options,
      dataSource,
      entities,
      history: table,
      drain: drain ?? noDrain,
      close,
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

const noDrain = async () => undefined;
