// @ts-nocheck: the entity has no types
import { performance } from 'node:perf_hooks';
import { attachAudit, Audited, HistoryService } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase } from './databases.js';

/**
 * What it costs to undo a transaction that wrote many rows: `node bench/undo.js postgres 20000`.
 *
 * An UPDATE, a DELETE and an INSERT of so many rows, each with its history, and then the undo of each.
 */
const [name = 'sqlite', rows = '1000'] = process.argv.slice(2);
const count = Number(rows);

class Booking {}
PrimaryGeneratedColumn()(Booking.prototype, 'id');
Column({ type: 'varchar', length: 100 })(Booking.prototype, 'guest');
Column({ type: 'varchar', length: 100, unique: true })(Booking.prototype, 'email');
Column({ type: 'int' })(Booking.prototype, 'party');
Entity('booking')(Booking);
Audited()(Booking);

const database = await createDatabase(name);
let statements = 0;
const logger = {
  logQuery: () => statements++,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};
const dataSource = new DataSource({
  ...database.options,
  entities: [Booking],
  synchronize: true,
  logging: true,
  logger,
});
try {
  await dataSource.initialize();
  await attachAudit(dataSource);
  const history = new HistoryService(dataSource);
  const bookings = dataSource.getRepository(Booking);
  const insert = async (from) => {
    await dataSource.transaction(async (manager) => {
      for (let at = 0; at < count; at += 1000)
        await manager.insert(
          Booking,
          Array.from({ length: Math.min(1000, count - at) }, (_, n) => ({
            guest: `guest ${at + n}`,
            email: `${from + at + n}@example.org`,
            party: 2,
          })),
        );
    });
  };
  await insert(0);
  const acts = {
    update: () =>
      bookings
        .createQueryBuilder()
        .update()
        .set({ party: () => 'party + 1' })
        .execute(),
    delete: () => bookings.createQueryBuilder().delete().execute(),
    insert: () => insert(count),
  };
  for (const [act, run] of Object.entries(acts)) {
    const started = performance.now();
    await run();
    const written = performance.now() - started;
    const { transaction } = (await history.feed({ limit: 1 })).items[0];
    statements = 0;
    const began = performance.now();
    const undone = await history.undo(transaction);
    const took = performance.now() - began;
    if (undone.length !== count) throw new Error(`${undone.length} of ${count} rows were undone.`);
    console.log(
      `${name}\t${act} of ${count}\t${written.toFixed(0)} ms\tundo\t${took.toFixed(0)} ms\t${statements} statements`,
    );
  }
  console.log(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
} finally {
  await dataSource.destroy();
  await database.drop();
}
