// Tenants of @avallone-io/rls, which derives a data source for each from one that the application has: its query
// runners set the tenant before each statement, and policies of PostgreSQL leave a tenant its own rows.
// node rls.cjs audited|plain: prints what each write came to, the rows after it, and all revisions.
require('reflect-metadata');
const console = require('node:console');
const { randomBytes } = require('node:crypto');
const process = require('node:process');
const { URL } = require('node:url');
const { RLSConnection } = require('@avallone-io/rls');
const { attachAudit, Audited } = require('nestjs-typeorm-audit');
const pg = require('pg');
const { Column, DataSource, DeleteDateColumn, Entity, PrimaryColumn } = require('typeorm');

const isAudited = process.argv[2] === 'audited';
const TENANT = `nullif(current_setting('rls.tenant_id', true), '')::int`;
const serverUrl = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

class Guest {}
PrimaryColumn('int')(Guest.prototype, 'id');
Column('int', { default: () => TENANT, nullable: true })(Guest.prototype, 'tenant');
Column('varchar', { unique: true })(Guest.prototype, 'name');
Column('int', { default: 0 })(Guest.prototype, 'visits');
DeleteDateColumn()(Guest.prototype, 'left');
Entity('guest')(Guest);
// 'last', so that the revision of a delete has a tenant, and with it the policy's consent.
if (isAudited) Audited({ deletedState: 'last' })(Guest);

const key = (tenant, n) => tenant * 100 + n;

async function failingThenGood(dataSource, tenant) {
  const queryRunner = dataSource.createQueryRunner();
  try {
    return [
      await outcome(() => queryRunner.manager.update(Guest, key(tenant, 2), { name: `updated ${tenant}` })),
      await outcome(() => queryRunner.manager.update(Guest, key(tenant, 2), { visits: 20 })),
      await queryRunner.manager.count(Guest),
    ];
  } finally {
    await queryRunner.release();
  }
}

/** By title, of a tenant's data source, its manager and its number. */
const writes = {
  save: (_, m, t) => m.save(Guest, { id: key(t, 1), name: `saved ${t}` }),
  'save of a change': (_, m, t) => m.save(Guest, { id: key(t, 1), visits: 1 }),
  insert: (_, m, t) => m.insert(Guest, { id: key(t, 2), name: `inserted ${t}` }),
  upsert: (_, m, t) => m.upsert(Guest, { id: key(t, 3), name: `up ${t}` }, ['id']),
  'upsert again': (_, m, t) => m.upsert(Guest, { id: key(t, 3), name: `upp ${t}` }, ['id']),
  update: (_, m, t) => m.update(Guest, key(t, 1), { name: `updated ${t}` }),
  increment: (_, m, t) => m.increment(Guest, { id: key(t, 2) }, 'visits', 2),
  'update of all': (d, _, t) =>
    d
      .createQueryBuilder()
      .update(Guest)
      .set({ visits: 5 + t })
      .execute(),
  softDelete: (_, m, t) => m.softDelete(Guest, key(t, 2)),
  restore: (_, m, t) => m.restore(Guest, key(t, 2)),
  delete: (_, m, t) => m.delete(Guest, key(t, 3)),
  'insert by a builder': (d, _, t) =>
    d
      .createQueryBuilder()
      .insert()
      .into(Guest)
      .values({ id: key(t, 4), name: `built ${t}` })
      .execute(),
  'update by a builder': (d, _, t) =>
    d
      .createQueryBuilder()
      .update(Guest)
      .set({ visits: 9 })
      .where({ id: key(t, 4) })
      .execute(),
  'delete by a builder': (d, _, t) =>
    d
      .createQueryBuilder()
      .delete()
      .from(Guest)
      .where({ id: key(t, 4) })
      .execute(),
  "update of another's row": (_, m, t) => m.update(Guest, key(3 - t, 1), { visits: 66 }),
  "delete of another's row": (_, m, t) => m.delete(Guest, key(3 - t, 1)),
  'insert of a taken name': (_, m, t) => m.insert(Guest, { id: key(t, 8), name: `updated ${t}` }),
  'save of a taken name': (_, m, t) => m.save(Guest, { id: key(t, 8), name: `updated ${t}` }),
  'update to a taken name': (_, m, t) => m.update(Guest, key(t, 2), { name: `updated ${t}` }),
  'a failing write and a good one on one query runner': (d, _, t) => failingThenGood(d, t),
  'a transaction': (d, _, t) =>
    d.transaction(async (manager) => {
      await manager.save(Guest, { id: key(t, 5), name: `together ${t}` });
      await manager.update(Guest, key(t, 2), { visits: 30 });
      return manager.count(Guest);
    }),
  'a transaction that is rolled back': (d, _, t) =>
    d.transaction(async (manager) => {
      await manager.insert(Guest, { id: key(t, 6), name: `gone ${t}` });
      await manager.insert(Guest, { id: key(t, 7), name: `updated ${t}` });
    }),
  find: (_, m) => m.find(Guest, { order: { id: 'ASC' } }),
};

async function outcome(run) {
  try {
    return (await run()) ?? null;
  } catch (error) {
    const { code, detail } = error.driverError ?? {};
    return { error: error.name, message: error.message, code, detail };
  }
}

async function play(base, own) {
  const played = [];
  for (const [title, write] of Object.entries(writes))
    for (const tenant of [1, 2]) {
      const dataSource = new RLSConnection(base, { tenantId: tenant, actorId: tenant });
      played.push({
        title: `${title}, by ${tenant}`,
        outcome: await outcome(() => write(dataSource, dataSource.manager, tenant)),
        rows: await own.query(
          `SELECT id, tenant, name, visits, "left" IS NULL AS stays FROM guest ORDER BY id`,
        ),
      });
    }
  return played;
}

// Times differ from run to run.
const withoutTimes = (text) => text.replace(/"\d{4}-\d\d-\d\dT[^"]*Z"/g, '"<time>"');

async function main() {
  const name = `audit_test_${Math.floor(Date.now() / 60_000)}_${process.pid}_${randomBytes(4).toString('hex')}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  await admin.query(`CREATE ROLE ${name} LOGIN`);
  const own = new DataSource({ type: 'postgres', url: url.href });
  url.username = name;
  const base = new DataSource({ type: 'postgres', url: url.href, entities: [Guest], synchronize: true });
  try {
    await own.initialize();
    await own.query(`ALTER SCHEMA public OWNER TO ${name}`);
    await base.initialize();
    for (const table of isAudited ? ['guest', 'guest_rev'] : ['guest']) {
      await base.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
      await base.query(`CREATE POLICY own ON ${table} USING (tenant = ${TENANT})`);
    }
    if (isAudited) attachAudit(base);
    const played = await play(base, own);
    const revisions = isAudited ? await own.query('SELECT * FROM guest_rev ORDER BY id, rev_version') : [];
    console.log(withoutTimes(JSON.stringify({ played, revisions })));
  } finally {
    if (base.isInitialized) await base.destroy();
    if (own.isInitialized) await own.destroy();
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`DROP ROLE IF EXISTS ${name}`);
    await admin.end();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
