import { bytesOf } from '../databases.js';
import { booking } from '../entities.js';
import { race } from '../measure.js';
import { sqlOf } from '../sql.js';
import { countOf } from '../write-race.js';
import { bookings, insertRevisions, refill, stored } from './writes.js';

/** @import { Budget, Result, Subject } from '../types.js' */

/**
 * What our write of one entity costs when it has 1, 10^3 or 10^5 revisions: `update-at-1`, `update-at-1000`, …
 *
 * @param {Subject} ours
 * @param {{ sizes: number[], batch: number, budget: Budget }} budgets
 * @returns {Promise<Result[]>}
 */
export async function raceGrowth(ours, { sizes, batch, budget }) {
  await refill(ours, 2);
  const repository = bookings(ours);
  const old = new Map();
  for (const size of sizes.filter((revisions) => revisions > 1)) {
    const [entity] = await stored(ours, 1);
    const { series } = sqlOf(ours.dataSource);
    // The series counts from 1, and its first version is there.
    await insertRevisions(ours.dataSource, {
      from: `booking b CROSS JOIN ${series(size - 1, 's')} WHERE b.id = ${entity.id}`,
      version: '(s.n + 1)',
      number: `(s.n + 1000000000 + ${size} * 10)`,
    });
    old.set(size, entity);
  }
  await sqlOf(ours.dataSource).analyze('booking', 'booking_rev');
  const lanes = sizes.map((size) => ({
    entities: batch,
    prepare: async () =>
      size > 1 ? Array.from({ length: batch }, () => old.get(size)) : stored(ours, batch),
    run: async (entities) => {
      for (const entity of entities) {
        entity.party = (entity.party % 1_000_000) + 1;
        await repository.save(entity);
      }
    },
  }));
  const figures = await race(lanes, budget);
  return figures.map((figure, n) => ({ case: `update-at-${sizes[n]}`, subject: 'ours', ...figure }));
}

/**
 * The bytes on disk of one row, in the entity's table and in each subject's history.
 *
 * @param {Subject[]} subjects
 * @param {number} count of rows
 */
export async function bytesPerRow(subjects, count) {
  const bytes = [];
  for (const subject of subjects) {
    await refill(subject, 1);
    if (subject.isHandWritten) await stored(subject, count);
    else {
      const entities = Array.from({ length: count }, (_, n) => bookings(subject).create(booking(n)));
      await bookings(subject).save(entities, { chunk: 500 });
      await subject.drain();
    }
    const table = subject.history ?? 'booking';
    const rows = await countOf(subject, table);
    bytes.push({
      subject: subject.name,
      bytes: Math.round((await bytesOf(subject.dataSource, table)) / rows),
    });
  }
  return bytes;
}
