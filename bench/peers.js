import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, URL } from 'node:url';
import { Column, Entity, EventSubscriber, getMetadataArgsStorage, PrimaryGeneratedColumn } from 'typeorm';
import { writeEntities } from './entities.js';

/** @import { SubjectPlan } from './types.js' */

const folder = fileURLToPath(new URL('./peers/', import.meta.url));
const requirePeer = createRequire(new URL('./peers/package.json', import.meta.url));
const installTimeoutMs = 180_000;

/**
 * The packages that we compare with, installed into bench/peers when they aren't yet.
 *
 * @returns {{ peers: SubjectPlan[], note?: string }} a note says why there are none
 */
export function loadPeers() {
  const { dependencies } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));
  const isThere = Object.entries(dependencies).every(([name, version]) => installedVersion(name) === version);
  const reason = isThere ? undefined : install();
  if (reason)
    return { peers: [], note: `The peers could not be installed, so it goes on without them: ${reason}` };
  return { peers: [typeormAuditing, typeormHistory, typeormAuditLog] };
}

function installedVersion(name) {
  const path = `${folder}node_modules/${name}/package.json`;
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : undefined;
}

function install() {
  const { status, stderr, error } = spawnSync(
    'npm',
    [
      'install',
      '--legacy-peer-deps',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--fetch-retries=0',
      '--loglevel=error',
    ],
    { cwd: folder, encoding: 'utf8', timeout: installTimeoutMs, shell: process.platform === 'win32' },
  );
  if (status !== 0) return error?.message ?? stderr.trim().split('\n')[0];
  // They bring the TypeORM of their time. All subjects are measured on ours, found in the folders above.
  for (const name of ['typeorm', 'reflect-metadata'])
    rmSync(`${folder}node_modules/${name}`, { recursive: true, force: true });
  return undefined;
}

/*
 * A peer: its package's `name`, the databases that it works `on`, and `prepare()`, which gives its entity classes, the
 * data source's further options, the table that its history is in, and `attach()` for what is done after initialize().
 */

/** @type {SubjectPlan} */
const typeormAuditing = {
  name: 'typeorm-auditing',
  prepare(type) {
    const { AuditingEntity, AuditingSubscriber } = requirePeer('typeorm-auditing');
    const entities = writeEntities();
    class BookingAudit extends entities.Booking {}
    AuditingEntity(entities.Booking, { name: 'booking_aud' })(BookingAudit);
    // SQLite generates keys of no other type, and the column is inherited.
    for (const column of getMetadataArgsStorage().columns)
      if (column.propertyName === '_seq')
        column.options.type = type === 'better-sqlite3' ? 'integer' : 'bigint';
    const options = {
      entities: [...Object.values(entities), BookingAudit],
      subscribers: [AuditingSubscriber],
    };
    return { entities, options, table: 'booking_aud' };
  },
};

/** @type {SubjectPlan} */
const typeormHistory = {
  name: '@anchan828/typeorm-history',
  prepare() {
    const { HistoryActionColumn, HistoryEntitySubscriber, HistoryOriginalIdColumn } = requirePeer(
      '@anchan828/typeorm-history',
    );
    const entities = writeEntities();
    class BookingHistory {}
    PrimaryGeneratedColumn()(BookingHistory.prototype, 'id');
    // Nullable, or a write that it knows only in part would fail.
    for (const name of ['guest', 'email'])
      Column({ type: 'varchar', length: 100, nullable: true })(BookingHistory.prototype, name);
    Column({ type: 'int', nullable: true })(BookingHistory.prototype, 'party');
    Column({ type: 'varchar', length: 255, nullable: true })(BookingHistory.prototype, 'note');
    HistoryOriginalIdColumn({ type: 'int', nullable: true })(BookingHistory.prototype, 'originalID');
    HistoryActionColumn({ type: 'varchar' })(BookingHistory.prototype, 'action');
    Entity({ name: 'booking_history' })(BookingHistory);
    class BookingHistorySubscriber extends HistoryEntitySubscriber {
      get entity() {
        return entities.Booking;
      }
      get historyEntity() {
        return BookingHistory;
      }
    }
    EventSubscriber()(BookingHistorySubscriber);
    const options = {
      entities: [...Object.values(entities), BookingHistory],
      subscribers: [BookingHistorySubscriber],
    };
    return { entities, options, table: 'booking_history' };
  },
};

/** @type {SubjectPlan} */
const typeormAuditLog = {
  name: '@nest-toolbox/typeorm-audit-log',
  on: ['postgres'],
  prepare() {
    const { Auditable, AuditLog, AuditLogService, AuditLogSubscriber } = requirePeer(
      '@nest-toolbox/typeorm-audit-log',
    );
    const entities = writeEntities((entity) => Auditable()(entity));
    const pending = new Set();
    return {
      entities,
      options: { entities: [...Object.values(entities), AuditLog] },
      table: 'audit_logs',
      // As its module does, which doesn't boot as published.
      attach(dataSource) {
        const service = new AuditLogService(dataSource.getRepository(AuditLog), {
          excludeFields: [],
          async: false,
        });
        const subscriber = new AuditLogSubscriber();
        subscriber.registerWithDataSource(dataSource);
        subscriber.setAuditLogService({
          log(entry) {
            const logged = service.log(entry).finally(() => pending.delete(logged));
            pending.add(logged);
            return logged;
          },
        });
      },
      // It doesn't wait for what it writes: the measured time ends when that is there.
      drain: async () => {
        while (pending.size > 0) await Promise.allSettled(pending);
      },
    };
  },
};
