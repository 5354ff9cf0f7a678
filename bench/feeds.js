// @ts-nocheck: entities are made in a loop
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { attachAudit, Audited } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createDatabase } from './databases.js';

/**
 * What a page of a feed costs over many tables: `npm run bench:feeds -- postgres 500 1000000`.
 *
 * Revisions are one a millisecond, each of a transaction of its own, of the tables in turn; `ann` wrote one of 10,000.
 */
const [name = 'sqlite', tables = '200', revisions = '1000000'] = process.argv.slice(2);
const count = Number(tables);
const each = Math.ceil(Number(revisions) / count);
const FIRST = Date.UTC(2020, 0, 1);

const entities = Array.from({ length: count }, (_, n) => {
  const entity = { [`Bench${n}`]: class {} }[`Bench${n}`];
  PrimaryColumn({ type: 'int' })(entity.prototype, 'id');
  Column({ type: 'varchar', length: 20 })(entity.prototype, 'status');
  Entity(`bench${n}`)(entity);
  Audited()(entity);
  return entity;
});

/** The numbers from 0, as rows with `n`. */
const numbers = {
  postgres: `generate_series(0, ${each - 1}) AS s(n)`,
  mariadb: `(SELECT seq AS n FROM seq_0_to_${each - 1}) s`,
  mysql: `(WITH RECURSIVE q AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM q WHERE n < ${each - 1}) SELECT n FROM q) s`,
  sqlite: `(WITH RECURSIVE q AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM q WHERE n < ${each - 1}) SELECT n FROM q) s`,
};

function fillOf(t) {
  const ms = `(${FIRST} + ${name === 'postgres' ? 'n::bigint' : 'n'} * ${count} + ${t})`;
  const hex =
    { postgres: `lpad(to_hex(${ms}), 12, '0')`, sqlite: `printf('%012x', ${ms})` }[name] ??
    `lpad(lower(hex(${ms})), 12, '0')`;
  const id =
    name === 'sqlite'
      ? `substr(${hex}, 1, 8) || '-' || substr(${hex}, 9, 4) || '-7000-8000-000000000000'`
      : `concat(substr(${hex}, 1, 8), '-', substr(${hex}, 9, 4), '-7000-8000-000000000000')`;
  const typed = name === 'postgres' ? `(${id})::uuid` : id;
  const mod =
    name === 'sqlite' || name === 'postgres'
      ? `(n * ${count} + ${t}) % 10000`
      : `(n * ${count} + ${t}) % 10000`;
  return (
    `INSERT INTO bench${t}_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_actor, rev_transaction, id, status) ` +
    `SELECT ${typed}, ${ms} / 1000.0, FALSE, n + 1, 'update', CASE WHEN ${mod} = 0 THEN 'ann' ELSE 'bob' END, ${typed}, 1, 'open' FROM ${numbers[name]}`
  );
}

async function medianOf(read, times = 15) {
  for (let n = 0; n < 6; n++) await read();
  const taken = [];
  for (let n = 0; n < times; n++) {
    const start = performance.now();
    await read();
    taken.push(performance.now() - start);
  }
  return taken.sort((left, right) => left - right)[Math.floor(times / 2)];
}

const database = await createDatabase(name);
const dataSource = new DataSource({ ...database.options, entities, synchronize: true, logging: false });
await dataSource.initialize();
const audit = attachAudit(dataSource);
const { history } = audit;
try {
  if (name === 'mysql') await dataSource.query('SET GLOBAL cte_max_recursion_depth = 100000000');
  const numberOf = new Map();
  // The number of each table is what its changesets have.
  for (const entity of entities) await dataSource.getRepository(entity).insert({ id: 0, status: 'open' });
  for (const { entity } of await dataSource.query('SELECT entity FROM audit_changeset ORDER BY id'))
    numberOf.set(numberOf.size, entity);
  for (let t = 0; t < count; t++) {
    await dataSource.query(fillOf(t));
    await dataSource.query(
      `INSERT INTO audit_changeset (id, entity, created, actor, action, request) SELECT rev_transaction, ${numberOf.get(t)}, rev_created, rev_actor, ` +
        `CASE WHEN rev_actor = 'ann' THEN 'order.pay' END, CASE WHEN rev_actor = 'ann' THEN 'r' END FROM bench${t}_rev WHERE id = 1`,
    );
  }
  if (name === 'postgres') await dataSource.query('VACUUM ANALYZE');
  else if (name === 'sqlite') await dataSource.query('ANALYZE');
  else
    await dataSource.query(
      `ANALYZE TABLE audit_changeset, ${entities.map((_, t) => `bench${t}_rev`).join(', ')}`,
    );
  const figures = { name, tables: count, revisions: each * count };
  const { nextCursor } = await history.feed();
  const cases = {
    page: () => history.feed({ limit: 50, cursor: nextCursor }),
    actor: () => history.feed({ actor: 'ann', limit: 50 }),
    nobody: () => history.feed({ actor: 'zed' }),
    action: () => history.feed({ action: 'order.pay', limit: 50 }),
    request: () => history.feed({ request: 'none' }),
    unindexed: () => history.feed({ operation: 'delete', limit: 50 }),
  };
  for (const [kind, read] of Object.entries(cases))
    figures[`${kind}_ms`] = Number((await medianOf(read)).toFixed(1));
  if (name === 'postgres') {
    const watch = await createRunner(dataSource);
    let most = 0;
    let goesOn = true;
    const watching = (async () => {
      while (goesOn) {
        const [{ locks }] = await watch.query(
          `SELECT coalesce(max(n), 0)::int AS locks FROM (SELECT count(*) AS n FROM pg_locks WHERE pid <> pg_backend_pid() AND locktype = 'relation' ` +
            `AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid) x`,
        );
        most = Math.max(most, locks);
        await sleep(0);
      }
    })();
    for (let n = 0; n < 40; n++) await history.feed({ cursor: nextCursor });
    goesOn = false;
    await watching;
    await watch.release();
    figures.most_locks = most;
    figures.readers = await readersOf(90);
  }
  console.log(JSON.stringify(figures));
} finally {
  await dataSource.destroy();
  await database.drop();
}

function createRunner(source) {
  const runner = source.createQueryRunner();
  return runner.connect().then(() => runner);
}

/** How many of 100 readers with a connection each fail, each with three pages. */
async function readersOf(connections) {
  const source = new DataSource({
    ...database.options,
    entities,
    extra: { max: connections },
    logging: false,
  });
  await source.initialize();
  const readers = attachAudit(source).history;
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, async () => {
      for (let n = 0; n < 3; n++) await readers.feed({ limit: 50 - n });
    }),
  );
  await source.destroy();
  return {
    connections,
    failed: results
      .filter(({ status }) => status === 'rejected')
      .map(({ reason }) => String(reason.message))
      .slice(0, 3),
    of: results.length,
  };
}
