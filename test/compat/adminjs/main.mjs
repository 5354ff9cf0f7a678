// AdminJS with `databases: [dataSource]`, of an application whose entities are active records.
// node main.mjs audited|plain: prints what its API answers, and the history.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import * as adapter from '@adminjs/typeorm';
import AdminJS, { Filter } from 'adminjs';

// As @adminjs/typeorm is an ES module and TypeORM is not, both come to one TypeORM by require.
const require = createRequire(import.meta.url);
const { BaseEntity, Column, DataSource, Entity, PrimaryGeneratedColumn } = require('typeorm');
const {
  attachAudit,
  Audited,
  AuditEvent,
  Changeset,
  MaintenanceRecord,
  revisionOf,
  Shape,
} = require('nestjs-typeorm-audit');

const isAudited = process.argv[2] === 'audited';

class Guest extends BaseEntity {}
PrimaryGeneratedColumn()(Guest.prototype, 'id');
Column('varchar')(Guest.prototype, 'name');
Entity('guest')(Guest);
if (isAudited) Audited()(Guest);

const dataSource = new DataSource({
  type: 'better-sqlite3',
  database: ':memory:',
  entities: [Guest],
  synchronize: true,
});
await dataSource.initialize();
const audit = isAudited ? attachAudit(dataSource) : undefined;

AdminJS.registerAdapter({ Resource: adapter.Resource, Database: adapter.Database });
const none = { isAccessible: false };
const options = { actions: { new: none, edit: none, delete: none, bulkDelete: none } };
const readOnly = isAudited ? [revisionOf(Guest), MaintenanceRecord, Shape, Changeset, AuditEvent] : [];
const admin = new AdminJS({
  databases: [dataSource],
  resources: readOnly.map((resource) => ({ resource, options })),
});

const guests = admin.findResource('Guest');
const { id } = await guests.create({ name: 'Ann' });
await guests.update(id, { name: 'Bea' });
const played = [await guests.findOne(id)].map(({ params }) => params);
await guests.delete(id);
played.push(await guests.count(new Filter({}, guests)));

const pages = admin.resources
  .filter((resource) => resource.id() !== 'Guest')
  .map((resource) => ({
    id: resource.id(),
    writes: Object.entries(resource.decorate().actions)
      .filter(([name, { action }]) => name in options.actions && action.isAccessible !== false)
      .map(([name]) => name),
  }));
const revisions = isAudited ? await listed(admin.findResource('GuestRev')) : [];
console.log(JSON.stringify({ played, pages, revisions, ok: (await audit?.maintenance.verify())?.ok }));
process.exit(0);

async function listed(resource) {
  const sort = { sortBy: 'revVersion', direction: 'asc' };
  const found = await resource.find(new Filter({}, resource), { limit: 10, offset: 0, sort });
  return found.map(({ params }) => [params.revVersion, params.revOperation, params.name]);
}
