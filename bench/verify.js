import { bookings } from './cases/writes.js';
import { booking } from './entities.js';
import { countOf } from './write-race.js';

/** @import { Outcome, Subject } from './types.js' */

const undone = new Error('rolled back on purpose');

/**
 * Says for each subject whether it records what it should: an insert, an update and a remove, and nothing of a
 * transaction that is rolled back.
 *
 * @param {Subject[]} subjects
 * @returns {Promise<Outcome['verified']>}
 * @throws Error when we don't
 */
export async function verifySubjects(subjects) {
  const found = [];
  for (const subject of subjects) {
    if (!subject.history || subject.isHandWritten) continue;
    const problems = await problemsOf(subject);
    if (subject.name === 'ours' && problems.length > 0)
      throw new Error(`We don't record: ${problems.join('; ')}`);
    found.push({ subject: subject.name, problems });
  }
  return found;
}

/** @param {Subject} subject */
async function problemsOf(subject) {
  const repository = bookings(subject);
  let entity;
  const writes = {
    insert: async () => {
      entity = await repository.save(repository.create(booking(0)));
    },
    update: () => repository.save(Object.assign(entity, { party: 99 })),
    remove: () => repository.remove(entity),
  };
  const problems = [];
  for (const [name, write] of Object.entries(writes)) {
    const added = await addedBy(subject, write);
    if (added !== 1) problems.push(`${added} revisions of one ${name}`);
  }
  const ofUndone = await addedBy(subject, () => rolledBack(subject));
  if (ofUndone !== 0) problems.push(`${ofUndone} of an insert that was rolled back`);
  return problems;
}

async function addedBy(subject, write) {
  const before = await countOf(subject, subject.history);
  await write();
  await subject.drain();
  // Some write when nobody waits for it.
  return (await countOf(subject, subject.history)) - before;
}

async function rolledBack({ dataSource, entities }) {
  try {
    await dataSource.transaction(async (manager) => {
      await manager.save(
        manager.create(entities.Booking, { guest: 'Nobody', email: '', party: 1, note: null }),
      );
      throw undone;
    });
  } catch (error) {
    if (error !== undone) throw error;
  }
}
