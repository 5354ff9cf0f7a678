// One big write in a process of its own, so that the peak of the memory is its own too.
import { performance } from 'node:perf_hooks';
import { Audited, attachAudit } from 'nestjs-typeorm-audit';
import { DataSource, MoreThan } from 'typeorm';
import { booking, writeEntities } from '../entities.js';
import { peakKb } from '../peak.js';

const { subject, options, write, count } = JSON.parse(process.argv[2]);
// The library is loaded in either case: what it takes to load is not what the write takes.
const isAudited = subject === 'ours';
const entities = writeEntities(isAudited ? (entity) => Audited()(entity) : undefined);
const dataSource = await new DataSource({ ...options, entities: Object.values(entities) }).initialize();
if (isAudited) attachAudit(dataSource);
const bookings = dataSource.getRepository(entities.Booking);

const writes = {
  save: () =>
    bookings.save(
      Array.from({ length: count }, (_, n) => bookings.create(booking(n))),
      { chunk: 1000 },
    ),
  update: () => bookings.update({ party: MoreThan(0) }, { party: () => 'party + 1' }),
  delete: () => bookings.delete({ party: MoreThan(0) }),
};
const start = performance.now();
await writes[write]();
const ms = performance.now() - start;
console.log(JSON.stringify({ ms, maxRssKb: peakKb() }));
await dataSource.destroy();
