import { EntityManager, type ObjectLiteral } from 'typeorm';
import {
  RevisionDeleteForbiddenError,
  RevisionInsertForbiddenError,
  RevisionUpdateForbiddenError,
} from '../../../src/audit.errors.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { describePaths, type WritePath } from '../../support/worlds/write-paths.js';
import { type World } from '../../support/worlds/write-worlds.js';
import { Booking, Seat } from '../../support/entities/bookings.js';

const two = ({ manager }: World): Promise<unknown> => manager.save(Booking, [{ code: 'a' }, { code: 'b' }]);

const unheard: [string, (manager: EntityManager) => Promise<unknown>][] = [
  ['save()', (manager) => manager.save(Booking, [{ code: 'c' }, { id: 1, party: 9 }])],
  ['remove()', async (manager) => manager.remove(await manager.findOneByOrFail(Booking, { id: 1 }))],
  ['insert()', (manager) => manager.insert(Booking, { code: 'c' })],
  ['upsert()', (manager) => manager.upsert(Booking, { code: 'a', party: 9 }, ['code'])],
  ['update()', (manager) => manager.update(Booking, 1, { party: 9 })],
  ['delete()', (manager) => manager.delete(Booking, 1)],
  ['softDelete()', (manager) => manager.softDelete(Booking, 1)],
];

describePaths(
  'bypasses',
  [Booking, Seat],
  [
    ...unheard.map(([name, write]): WritePath => ({
      name: `${name} inside AuditContext.without()`,
      before: two,
      write: ({ context, manager }) => context.without(async () => void (await write(manager))),
      unrecorded: true,
    })),
    {
      name: 'save() with { listeners: false }',
      before: two,
      write: ({ manager }) =>
        manager.save(Booking, [{ code: 'c' }, { id: 1, party: 9 }], { listeners: false }),
      unrecorded: true,
    },
    {
      name: 'remove() with { listeners: false }',
      before: two,
      write: async ({ manager }) =>
        manager.remove(await manager.findOneByOrFail(Booking, { id: 1 }), { listeners: false }),
      unrecorded: true,
    },
    {
      name: 'query()',
      before: two,
      write: ({ dataSource }) => dataSource.query('UPDATE booking SET party = 9 WHERE id = 1'),
      unrecorded: true,
    },
    {
      name: 'the writes after a save() with { listeners: false } in its transaction()',
      write: ({ dataSource }) =>
        dataSource.transaction(async (manager) => {
          await manager.save(Booking, { code: 'a' });
          await manager.save(Seat, { hall: 1, place: 'A', name: 'A' });
          await manager.save(Seat, { hall: 1, place: 'A', name: 'B' }, { listeners: false });
          await manager.save(Seat, { hall: 1, place: 'A', name: 'C' });
        }),
      revisions: [
        ['booking', 'insert', 1, 1],
        ['seat', 'insert', [1, 'A'], 1],
        ['seat', 'update', [1, 'A'], 2],
      ],
    },
  ],
);

const target = revisionOf(Booking);
const another = (revision: ObjectLiteral): ObjectLiteral => ({
  ...revision,
  revId: '018f0000-0000-7000-8000-000000000000',
  revVersion: 2,
  revActor: 'forged',
});
type Forged = ReturnType<typeof revisions>;
const revisions = (manager: EntityManager) => manager.getRepository(target);
const first = async (repository: Forged): Promise<ObjectLiteral & { revId: string }> =>
  repository.findOneOrFail({ where: { id: 1 } });
const refused = (
  error: WritePath['refused'],
  writes: [string, (repository: Forged, revision: ObjectLiteral & { revId: string }) => Promise<unknown>][],
): WritePath[] =>
  writes.map(([name, write]) => ({
    name: `${name} of a revision`,
    before: two,
    write: async ({ manager }) => write(revisions(manager), await first(revisions(manager))),
    refused: error,
  }));

describePaths(
  'revisions',
  [Booking],
  [
    ...refused(RevisionInsertForbiddenError, [
      ['save() of another', (repository, revision) => repository.save(another(revision) as never)],
      [
        'save({ listeners: false }) of another',
        (repository, revision) => repository.save(another(revision) as never, { listeners: false }),
      ],
      ['insert()', (repository, revision) => repository.insert(another(revision))],
      [
        'createQueryBuilder().insert()',
        (repository, revision) =>
          repository.createQueryBuilder().insert().values(another(revision)).execute(),
      ],
      [
        'createQueryBuilder().insert().into(), by the table’s name,',
        ({ manager }, revision) =>
          manager
            .createQueryBuilder()
            .insert()
            .into('booking_rev')
            .values(another(revision))
            .callListeners(false)
            .execute(),
      ],
      [
        'createQueryBuilder().insert().orIgnore()',
        (repository, revision) =>
          repository.createQueryBuilder().insert().values(another(revision)).orIgnore().execute(),
      ],
    ]),
    ...refused(RevisionUpdateForbiddenError, [
      ['save()', (repository, revision) => repository.save({ ...revision, revActor: 'forged' } as never)],
      [
        'save({ listeners: false })',
        (repository, revision) =>
          repository.save({ ...revision, revActor: 'forged' } as never, { listeners: false }),
      ],
      ['update()', (repository, { revId }) => repository.update({ revId }, { revActor: 'forged' })],
      ['increment()', (repository, { revId }) => repository.increment({ revId }, 'revVersion', 1)],
      [
        'upsert()',
        (repository, revision) => repository.upsert({ ...revision, revActor: 'forged' }, ['revId']),
      ],
      [
        'createQueryBuilder().update()',
        (repository) => repository.createQueryBuilder().update().set({ revActor: 'forged' }).execute(),
      ],
      [
        'createQueryBuilder().update().callListeners(false)',
        (repository) =>
          repository.createQueryBuilder().update().set({ revActor: 'forged' }).callListeners(false).execute(),
      ],
    ]),
    ...refused(RevisionDeleteForbiddenError, [
      ['remove()', (repository, revision) => repository.remove(revision as never)],
      [
        'remove({ listeners: false })',
        (repository, revision) => repository.remove(revision as never, { listeners: false }),
      ],
      ['delete()', (repository, { revId }) => repository.delete({ revId })],
      ['clear()', (repository) => repository.clear()],
      ['createQueryBuilder().delete()', (repository) => repository.createQueryBuilder().delete().execute()],
      [
        'createQueryBuilder().delete().callListeners(false)',
        (repository) => repository.createQueryBuilder().delete().callListeners(false).execute(),
      ],
    ]),
    ...(
      [
        ['postgres', 'public.booking_rev'],
        ['mariadb', undefined],
        ['mysql', undefined],
      ] as const
    ).map(([world, path]): WritePath => ({
      name: `createQueryBuilder().delete() of a revision, by the table’s name with its ${path ? 'schema' : 'database'} on ${world}`,
      on: [world],
      before: two,
      write: ({ manager, dataSource }) =>
        manager
          .createQueryBuilder()
          .delete()
          .from(path ?? `${String(dataSource.options.database)}.booking_rev`)
          .execute(),
      refused: RevisionDeleteForbiddenError,
    })),
    {
      name: 'update() of a revision inside AuditContext.without()',
      before: two,
      write: ({ context, manager }) =>
        context.without(() => manager.update(target, { id: 1 }, { revActor: 'forged' })),
      refused: RevisionUpdateForbiddenError,
    },
  ],
);
