// The shop, open for some seconds, in a process of its own: without the library it isn't even loaded.
import { performance } from 'node:perf_hooks';
import { DataSource } from 'typeorm';
import { shopEntities } from '../shop/entities.js';
import { Refused, shopRequests } from '../shop/requests.js';

const SHOPPERS = 10;
const ADMINISTRATORS = 2;
// PostgreSQL's and InnoDB's for a deadlock.
const DEADLOCKS = ['40P01', 'ER_LOCK_DEADLOCK'];

const { isAudited, options, seconds } = JSON.parse(process.argv[2]);
const library = isAudited ? await import('nestjs-typeorm-audit') : undefined;
const entities = shopEntities(library && ((entity) => library.Audited()(entity)));
const pool = options.type === 'postgres' ? { poolSize: 12 } : { extra: { connectionLimit: 12 } };
const dataSource = await new DataSource({
  ...options,
  ...pool,
  entities: Object.values(entities),
  synchronize: true,
}).initialize();
const audit = library?.attachAudit(dataSource);
const as = (actor, work) => (audit ? audit.context.run({ actor }, work) : work());

const requests = shopRequests(dataSource, entities);
await as('opening', () => requests.open());
const times = [];
const failures = {};
let refused = 0;
let deadlocks = 0;
let restocked = 0;
const until = performance.now() + seconds * 1000;

async function visit(actor, asks) {
  while (performance.now() < until) {
    const ask = requests.pick(asks);
    const start = performance.now();
    try {
      await as(actor.name, () => ask(actor.number));
      times.push(performance.now() - start);
      if (ask === requests.restock) restocked += 10;
    } catch (thrown) {
      const error = /** @type {any} */ (thrown);
      if (error instanceof Refused) {
        refused++;
        continue;
      }
      const code = error.driverError?.code ?? error.code ?? error.name;
      if (DEADLOCKS.includes(code)) deadlocks++;
      failures[code] = (failures[code] ?? 0) + 1;
    }
  }
}

await Promise.all([
  ...Array.from({ length: SHOPPERS }, (_, number) =>
    visit({ name: `shopper ${number}`, number }, requests.shopper),
  ),
  ...Array.from({ length: ADMINISTRATORS }, (_, number) =>
    visit({ name: `administrator ${number}`, number }, requests.administrator),
  ),
]);
times.sort((one, other) => one - other);
const faults = await requests.faults(restocked);
const history = audit && library && (await historyOf(audit, library));
const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
console.log(
  JSON.stringify({
    done: times.length,
    refused,
    failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
    failures,
    deadlocks,
    p50: at(0.5),
    p95: at(0.95),
    faults,
    ...history,
  }),
);
await dataSource.destroy();

async function historyOf(
  /** @type {import('nestjs-typeorm-audit').AttachedAudit} */ { maintenance },
  /** @type {typeof import('nestjs-typeorm-audit')} */ { revisionOf },
) {
  const { findings } = await maintenance.verify();
  let revisions = 0;
  for (const entity of Object.values(entities))
    revisions += await dataSource.getRepository(revisionOf(entity)).count();
  return { findings, revisions };
}
