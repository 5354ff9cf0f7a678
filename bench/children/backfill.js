// A backfill in a process of its own, which may be killed. It says how far it is after each batch.
import { performance } from 'node:perf_hooks';
import { Audited, attachAudit } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { writeEntities } from '../entities.js';

const { options, batchSize } = JSON.parse(process.argv[2]);
const entities = writeEntities((entity) => Audited()(entity));
const dataSource = await new DataSource({ ...options, entities: Object.values(entities) }).initialize();
const { maintenance } = attachAudit(dataSource);
const start = performance.now();
const [{ missing }] = await maintenance.backfill(entities.Booking, {
  batchSize,
  onProgress: ({ done }) => void process.send?.({ done }),
});
const ms = performance.now() - start;
await dataSource.destroy();
process.send?.({ missing, ms });
process.disconnect?.();
