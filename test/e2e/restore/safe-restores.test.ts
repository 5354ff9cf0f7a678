import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  Column,
  type DataSource,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { InvalidArgumentError, RestoreConflictError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type RestoreOptions } from '../../../src/history/types/restore.js';
import { Guest } from '../../support/entities/guest.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

class Address {
  @Column({ nullable: true, type: 'varchar' }) city: string | null;
  @Column({ nullable: true, type: 'varchar' }) street: string | null;
}

@Audited()
@Entity()
@Unique(['shelf', 'place'])
class Parcel {
  @PrimaryGeneratedColumn() id: number;
  @Column({ default: 'open' }) status: string;
  @Column({ default: 0 }) weight: number;
  @Column({ type: 'int', nullable: true }) shelf: number | null;
  @Column({ type: 'int', nullable: true }) place: number | null;
  @Column(() => Address) address: Address;
  @ManyToOne(() => Guest, { nullable: true }) @JoinColumn({ name: 'guest_fk' }) guest: Guest | null;
  @Column({ type: 'varchar', nullable: true, select: false }) code: string | null;
  @Masked(() => `'…'`) @Column({ type: 'varchar', nullable: true }) card: string | null;
  @NotAudited() @Column({ default: 0 }) views: number;
  @UpdateDateColumn() updatedAt: Date;
  @VersionColumn() lock: number;
}

describeDatabases('a safe restore', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let id: number;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Guest, Parcel] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
  });
  beforeEach(async () => {
    const parcels = dataSource.getRepository(Parcel);
    const saved = await parcels.save(
      parcels.create({ status: 'paid', weight: 1, address: { city: 'Rome', street: 'Via 1' } }),
    );
    ({ id } = saved);
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  const update = (values: object, actor = 'ann'): Promise<unknown> =>
    audited.context.run({ actor }, () => dataSource.getRepository(Parcel).update({ id }, values));
  const row = (): Promise<Parcel> => dataSource.getRepository(Parcel).findOneByOrFail({ id });
  const refusal = (options: RestoreOptions): Promise<unknown> =>
    history.restore(Parcel, id, 1, options).then(
      () => Promise.reject(new Error('was not refused')),
      (error: unknown) => error,
    );

  it('is refused where the row has changed since the expected version, with what changed', async () => {
    await update({ status: 'cancelled' });
    await update({ weight: 7 }, 'bob');
    await update({ weight: 8 }, 'eva');
    for (const dryRun of [true, false]) {
      const refused = await refusal({ expectedVersion: 2, dryRun });
      expect(refused).toBeInstanceOf(RestoreConflictError);
      expect(refused).toMatchObject({
        message: expect.stringMatching(
          `Parcel ${id} has changed since version 2, in version 4. Look at .* expectedVersion 4`,
        ),
        conflicts: [
          {
            entity: 'parcel',
            id,
            version: 2,
            changedSince: [
              {
                version: 4,
                actor: 'eva',
                createdAt: expect.any(Date),
                changes: expect.arrayContaining([{ property: 'weight', from: 7, to: 8 }]),
              },
              { version: 3, actor: 'bob' },
            ],
          },
        ],
      });
    }
    expect(await history.latest(Parcel, id)).toMatchObject({ version: 4 });
    expect(await row()).toMatchObject({ status: 'cancelled', weight: 8 });
  });

  it('shows the newest 20 of the revisions since', async () => {
    for (let weight = 2; weight <= 25; weight++) await update({ weight });
    const { conflicts } = (await refusal({ expectedVersion: 1 })) as RestoreConflictError;
    expect(conflicts[0].changedSince!.map(({ version }) => version)).toEqual(
      Array.from({ length: 20 }, (_, n) => 25 - n),
    );
  });

  it('is made where the expected version is the newest', async () => {
    await update({ status: 'cancelled' });
    const planned = await history.restore(Parcel, id, 1, { expectedVersion: 2, dryRun: true });
    expect(planned).toMatchObject({ version: 3, snapshot: { status: 'paid' } });
    expect(await history.restore(Parcel, id, 1, { expectedVersion: 2 })).toMatchObject({
      version: 3,
      reason: 'restore of version 1',
      snapshot: { status: 'paid' },
    });
    expect(await history.restore(Parcel, id, 1, { expectedVersion: 3 })).toBeNull();
  });

  it('is refused where the row was deleted since, and made for who knows of the delete', async () => {
    await dataSource.getRepository(Parcel).delete({ id });
    expect(await refusal({ expectedVersion: 1, properties: ['status'] })).toMatchObject({
      message: expect.stringContaining(`Parcel ${id} was deleted since version 1, in version 2`),
      conflicts: [{ version: 1, changedSince: [{ version: 2, operation: 'delete' }] }],
    });
    expect(await history.restore(Parcel, id, 1, { expectedVersion: 2 })).toMatchObject({
      version: 3,
      operation: 'insert',
    });
  });

  it('compares the version in a transaction that is given, whose writes count', async () => {
    await update({ status: 'cancelled' });
    await dataSource.transaction(async (manager) => {
      await manager.update(Parcel, { id }, { weight: 5 });
      const stale = history.restore(Parcel, id, 1, { expectedVersion: 2, manager });
      await expect(stale).rejects.toThrow('has changed since version 2, in version 3');
      await history.restore(Parcel, id, 1, { expectedVersion: 3, properties: ['status'], manager });
    });
    expect(await row()).toMatchObject({ status: 'paid', weight: 5 });
  });

  it('takes back the named properties only', async () => {
    const guest = await dataSource.getRepository(Guest).save({ name: 'Steve' });
    await update({ status: 'cancelled', guest, address: { city: 'Oslo', street: 'Gate 2' }, code: 'x' });
    await update({ weight: 7, views: 9, card: '4711' });
    const before = await row();
    const planned = await history.restore(Parcel, id, 1, { properties: ['status'], dryRun: true });
    expect(planned?.changes).toContainEqual({ property: 'status', from: 'cancelled', to: 'paid' });
    expect(await row()).toEqual(before);
    expect(await history.restore(Parcel, id, 1, { properties: ['status'] })).toMatchObject({
      version: 4,
      operation: 'update',
      reason: 'restore of status of version 1',
    });
    // The version column counts on; nothing else changes, the update date included.
    expect(await row()).toEqual({ ...before, status: 'paid', lock: before.lock + 1 });

    await history.restore(Parcel, id, 1, { properties: ['guest', 'address.city'] });
    const newest = (await history.latest(Parcel, id))!;
    expect(newest.snapshot).toMatchObject({
      guest_fk: null,
      address: { city: 'Rome', street: 'Gate 2' },
      weight: 7,
    });
    expect(newest.reason).toBe('restore of guest, address.city of version 1');
    await history.restore(Parcel, id, 1, { properties: ['address', 'code'] });
    expect((await row()).address).toEqual({ city: 'Rome', street: 'Via 1' });
    expect(await history.restore(Parcel, id, 1, { properties: ['address', 'status'] })).toBeNull();
  });

  it('names the number of many properties as its reason', async () => {
    await update({ status: 'cancelled' });
    const properties = Array.from({ length: 41 }, (_, n) =>
      n < 40 ? ('status' as const) : ('weight' as const),
    );
    expect(await history.restore(Parcel, id, 1, { properties })).toMatchObject({
      reason: 'restore of 41 properties of version 1',
    });
  });

  it('meets only the obstacles of the named properties, with the values that the row would get', async () => {
    const guests = dataSource.getRepository(Guest);
    const guest = await guests.save({ name: 'Steve' });
    await update({ guest, shelf: 1, place: 1 });
    await update({ guest: null, shelf: 2, place: 2, status: 'sent' });
    await guests.delete({ id: guest.id });
    const other = await dataSource.getRepository(Parcel).save({ shelf: 1, place: 2, address: {} });
    const to = (properties: ('status' | 'guest' | 'shelf' | 'place')[]) =>
      history.restore(Parcel, id, 2, { properties });
    expect(await to(['status'])).toMatchObject({ snapshot: { status: 'paid', shelf: 2 } });
    await expect(to(['guest'])).rejects.toThrow(`Guest ${guest.id}, which no longer exists`);
    // Shelf 1 of the version with place 2 of the row.
    await expect(to(['shelf'])).rejects.toMatchObject({
      conflicts: [
        {
          problem: `shelf 1, place 2 is taken by Parcel ${other.id}`,
          values: { shelf: 1, place: 2 },
        },
      ],
    });
    expect(await to(['place'])).toMatchObject({ snapshot: { shelf: 2, place: 1 } });
    await dataSource.getRepository(Parcel).delete({ id: other.id });
  });

  it.each<[string, RestoreOptions, string]>([
    ['an unknown property', { properties: ['colour'] }, 'properties must name properties of Parcel'],
    ['the key', { properties: ['id'] }, 'properties must name properties of Parcel'],
    [
      'a masked property',
      { properties: ['status', 'card'] },
      'can write, got "card". They are status, weight',
    ],
    ['an unaudited property', { properties: ['views'] }, 'properties must name properties of Parcel'],
    ['a version column', { properties: ['lock'] }, 'properties must name properties of Parcel'],
    ['no property', { properties: [] }, 'properties must be an array of one or more properties, got none'],
    ['text', { properties: 'status' as never }, 'properties must be an array of one or more'],
    ['a dry run in words', { dryRun: 'no' as never }, 'dryRun must be true or false, got "no".'],
    ['one relation in words', { relations: 'labels' as never }, 'relations must be true, false or an array'],
    ['a version to come', { expectedVersion: 2 }, 'expectedVersion must be at most 1, the newest version'],
    ['no version', { expectedVersion: 1.5 }, 'expectedVersion must be a version'],
  ])('refuses %s', async (_, options, message) => {
    const refused = history.restore(Parcel, id, 1, options);
    await expect(refused).rejects.toThrow(InvalidArgumentError);
    await expect(refused).rejects.toThrow(message);
  });

  it('refuses a property of which the version has no value, and leaves it out of a whole restore', async () => {
    await update({ status: 'sent', weight: 2 });
    // As if the column had been added after the version.
    await dataSource.query(`UPDATE parcel_rev SET status = NULL WHERE id = ${id} AND rev_version = 1`);
    await expect(history.restore(Parcel, id, 1, { properties: ['status'] })).rejects.toMatchObject({
      conflicts: [{ problem: 'the version has no value of Parcel.status' }],
    });
    expect(await history.restore(Parcel, id, 1)).toMatchObject({ snapshot: { status: 'sent', weight: 1 } });
  });

  it('refuses an id that the key can not have', async () => {
    await expect(history.restore(Parcel, 'x', 1)).rejects.toThrow(InvalidArgumentError);
    await expect(history.restore(Parcel, 2 ** 40, 1, { expectedVersion: 1 })).rejects.toThrow(
      InvalidArgumentError,
    );
  });

  it('refuses properties of a deleted entity', async () => {
    await dataSource.getRepository(Parcel).delete({ id });
    await expect(history.restore(Parcel, id, 1, { properties: ['status'] })).rejects.toThrow(
      `properties must not be given for Parcel ${id}, which is deleted`,
    );
  });

  it.each([
    ['a changed', 'update'],
    ['a deleted', 'insert'],
  ])('of several agents at once wins once for %s row', async (_, operation) => {
    await update({ status: 'cancelled' });
    if (operation === 'insert') await dataSource.getRepository(Parcel).delete({ id });
    const { version } = (await history.latest(Parcel, id))!;
    const outcomes = await Promise.allSettled(
      ['ann', 'bob', 'eva', 'tom'].map((actor) =>
        audited.context.run({ actor }, () => history.restore(Parcel, id, 1, { expectedVersion: version })),
      ),
    );
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value!] : []));
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(won).toMatchObject([{ version: version + 1, operation }]);
    expect(lost).toHaveLength(3);
    for (const error of lost) {
      expect(error).toBeInstanceOf(RestoreConflictError);
      expect(error.conflicts).toMatchObject([
        { version, changedSince: [{ version: version + 1, actor: won[0].actor }] },
      ]);
    }
    expect(await row()).toMatchObject({ status: 'paid' });
  });
});
