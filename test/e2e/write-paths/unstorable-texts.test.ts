import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AttachedAudit,
  attachAudit,
  AuditContextError,
  Audited,
  InvalidArgumentError,
  MaintenanceRecord,
  revisionOf,
} from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import {
  createDatabase,
  type DatabaseName,
  databasesOfThisRun,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';

@Audited()
@Entity('room')
class Room {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40, nullable: true }) name: string | null;
}

// Of several languages, beyond 16 bits, and one whose last byte is a quotation mark.
const ACTORS = ['Müller', 'Łukasz', '山田', 'a😀b', 'aħb', 'aĢb'];

let database: TestDatabase | undefined;
let opened: DataSource[] = [];

afterEach(async () => {
  await Promise.all(opened.map((dataSource) => dataSource.destroy()));
  opened = [];
  await database?.drop();
  database = undefined;
});

async function connected(options: object = {}): Promise<DataSource> {
  const dataSource = new DataSource({
    ...database!.options,
    entities: [Room],
    ...options,
  });
  opened.push(await dataSource.initialize());
  return dataSource;
}

async function open(name: DatabaseName, charset?: string, options: object = {}) {
  database = await createDatabase(name, { charset });
  const dataSource = await connected({ synchronize: true, ...options });
  return audited(dataSource);
}

function audited(dataSource: DataSource) {
  const audit = attachAudit(dataSource);
  const rooms = dataSource.getRepository(Room);
  return { dataSource, audit, rooms, save: saving(audit, dataSource) };
}

/** Saves a room, and gives its id. */
function saving({ context }: AttachedAudit, dataSource: DataSource) {
  return async (who: {
    actor?: string;
    reason?: string;
    context?: Record<string, unknown>;
  }): Promise<number> =>
    (await context.run(who, () => dataSource.getRepository(Room).save({ name: 'Blue' }))).id;
}

describeDatabases('a text that no database can store', (name) => {
  it('is refused as actor and reason, with the character', async () => {
    const { save, rooms } = await open(name);
    await expect(save({ actor: 'a\0b' })).rejects.toThrow(
      "The actor of a write has the character U+0000, which a database can't store",
    );
    await expect(save({ reason: 'a\ud800b' })).rejects.toThrow(/reason of a write .* U\+D800/);
    await expect(save({ actor: 'a\0b' })).rejects.toThrow(AuditContextError);
    expect(await rooms.count()).toBe(0);
  });

  it('is marked in the context', async () => {
    const { save, audit } = await open(name);
    const context = { 'a\0': ['\0', 'x\udc00', '\\u0000', '\\\0', '😀'], n: 1 };
    const id = await save({ context });
    expect((await audit.history.latest(Room, id))?.context).toEqual({
      'a[U+0000]': ['[U+0000]', 'x[U+DC00]', '\\u0000', '\\[U+0000]', '😀'],
      n: 1,
    });
  });

  it('is refused where an actor is looked for', async () => {
    const { audit, save } = await open(name);
    const id = await save({ actor: 'ann' });
    for (const actor of ['a\0', '\ud800'])
      for (const read of [
        () => audit.history.timeline(Room, id, { actor }),
        () => audit.history.feed({ actor }),
      ])
        await expect(read()).rejects.toMatchObject({ name: InvalidArgumentError.name, argument: 'actor' });
  });
});

/** The same for databases of some kinds, where this run has any. */
function describeSome(names: DatabaseName[], title: string, body: (name: DatabaseName) => void): void {
  const found = databasesOfThisRun().filter((name) => names.includes(name));
  if (found.length > 0) describe.each(found)(`${title} (%s)`, body);
}

describeSome(['mariadb', 'mysql'], 'a latin1 schema', (name) => {
  describe.each([
    ['strict', undefined],
    ["with sql_mode = ''", "SET SESSION sql_mode = ''"],
  ])('%s', (_, setting) => {
    const one = { extra: { connectionLimit: 1 } };

    it('takes every actor, reason and context, and needs no other migration', async () => {
      const { dataSource, audit, save, rooms } = await open(name, 'latin1', one);
      if (setting) await dataSource.query(setting);
      for (const text of ACTORS) {
        const id = await save({ actor: text, reason: text, context: { [text]: text } });
        await audit.context.run({ actor: text }, () => rooms.update({ id }, { name: 'Red' }));
        await audit.context.run({ actor: text }, () => rooms.insert([{ name: 'Green' }, { name: 'Grey' }]));
        expect(await audit.history.revision(Room, id, 1)).toMatchObject({
          actor: text,
          reason: text,
          context: { [text]: text },
        });
        expect((await audit.history.timeline(Room, id, { actor: text })).items).toHaveLength(2);
        expect((await audit.history.feed({ actor: text })).items).toHaveLength(4);
      }
      expect((await dataSource.driver.createSchemaBuilder().log()).upQueries).toEqual([]);
    });

    it('says of an older revision table which column to convert, writes nothing, and takes what it takes', async () => {
      const { dataSource, audit, save, rooms } = await open(name, 'latin1', one);
      const narrow = 'varchar(255) CHARACTER SET latin1 NULL';
      await dataSource.query(`ALTER TABLE room_rev MODIFY rev_actor ${narrow}, MODIFY rev_reason ${narrow}`);
      await dataSource.query(`ALTER TABLE audit_maintenance MODIFY actor ${narrow}`);
      if (setting) await dataSource.query(setting);
      const id = await save({ actor: 'Müller', reason: 'Größe' });
      expect(await audit.history.latest(Room, id)).toMatchObject({ actor: 'Müller', reason: 'Größe' });
      const convert = 'ALTER TABLE `room_rev` MODIFY `rev_actor` varchar(255) CHARACTER SET utf8mb4 NULL';
      const refusal = `The actor of a write, "Łukasz", can't be stored in room_rev.rev_actor: the column has the character set latin1, which lacks a character of it. Convert the column: ${convert}.`;
      const { context } = audit;
      for (const write of [
        () => save({ actor: 'Łukasz' }),
        () => context.run({ actor: 'Łukasz' }, () => rooms.insert([{ name: 'a' }, { name: 'b' }])),
        () => context.run({ actor: 'Łukasz' }, () => rooms.update({ id }, { name: 'Red' })),
        () => context.run({ actor: 'Łukasz' }, () => rooms.delete({ id })),
      ])
        await expect(write()).rejects.toThrow(new AuditContextError(refusal));
      await expect(save({ reason: 'Łódź' })).rejects.toThrow('room_rev.rev_reason');
      expect(await rooms.find()).toEqual([{ id, name: 'Blue' }]);

      await dataSource.query(convert);
      expect(await audit.history.latest(Room, await save({ actor: 'Łukasz' }))).toMatchObject({
        actor: 'Łukasz',
      });
      await rooms.query('DELETE FROM room_rev');
      await expect(context.run({ actor: 'Łukasz' }, () => audit.maintenance.backfill(Room))).rejects.toThrow(
        'audit_maintenance.actor: the column has the character set latin1',
      );
      expect(await dataSource.getRepository(revisionOf(Room)).count()).toBe(0);
    });
  });
});

describeSome(['mariadb', 'mysql'], 'a connection with another character set than utf8mb4', (name) => {
  it.each(['latin1', 'utf8'])('stores every actor exactly: %s', async (charset) => {
    const { audit, save, rooms } = await open(name, 'utf8mb4 COLLATE utf8mb4_unicode_ci', { charset });
    const wide = await connected();
    for (const text of ACTORS) {
      const id = await save({ actor: text, reason: text, context: { [text]: text } });
      await audit.context.run({ actor: text }, () => rooms.update({ id }, { name: 'Red' }));
      await audit.context.run({ actor: text }, () => rooms.insert([{ name: 'Green' }, { name: 'Grey' }]));
      const revisions = await wide.getRepository(revisionOf(Room)).findBy({ id });
      expect(revisions).toMatchObject([
        { revActor: text, revReason: text, revContext: { [text]: text } },
        { revActor: text },
      ]);
      expect((await audit.history.timeline(Room, id, { actor: text })).items).toHaveLength(2);
      expect((await audit.history.feed({ actor: text })).items).toHaveLength(4);
    }
    const [actor, reason] = ACTORS.slice(1);
    await audit.context.run({ actor, reason }, () => audit.maintenance.prune(Room, { keep: 1 }));
    expect(await wide.getRepository(MaintenanceRecord).findBy({ action: 'prune' })).toMatchObject([
      { actor, reason },
    ]);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true });
  });
});

describeSome(['postgres'], 'a database without Unicode', (name) => {
  describe.each(['LATIN1', 'WIN1252'])('%s', (encoding) => {
    let world: Awaited<ReturnType<typeof open>>;
    beforeEach(async () => {
      world = await open(name, encoding);
    });

    it('takes what it has, and names the actor or reason that it lacks, before anything is stored', async () => {
      const { audit, save, rooms, dataSource } = world;
      const id = await save({ actor: 'Müller', reason: 'Größe', context: { city: 'Köln' } });
      expect(await audit.history.latest(Room, id)).toMatchObject({
        actor: 'Müller',
        reason: 'Größe',
        context: { city: 'Köln' },
      });
      const { context } = audit;
      for (const write of [
        () => save({ actor: 'Łukasz' }),
        () => context.run({ actor: 'Łukasz' }, () => rooms.insert([{ name: 'a' }, { name: 'b' }])),
        () => context.run({ actor: 'Łukasz' }, () => rooms.delete({ id })),
      ])
        await expect(write()).rejects.toThrow(
          `The actor of a write, "Łukasz", can't be stored in room_rev.rev_actor: the database has the encoding ${encoding}, which lacks a character of it.`,
        );
      await expect(save({ reason: '山田' })).rejects.toThrow('room_rev.rev_reason');
      expect(await rooms.find()).toEqual([{ id, name: 'Blue' }]);
      // What was asked has left nothing in a transaction of the application's.
      await dataSource.transaction((manager) =>
        context.run({ actor: 'Zoë' }, async () => {
          await manager.getRepository(Room).save({ id, name: 'Red' });
          await manager.getRepository(Room).save({ id, name: 'Green' });
        }),
      );
      expect(await audit.history.latest(Room, id)).toMatchObject({ version: 3, actor: 'Zoë' });
    });

    it('has marks in a context that it lacks characters of, so that no client makes writes fail by it', async () => {
      const { audit, save } = world;
      const id = await save({ actor: 'ann', context: { agent: 'Łó😀', n: 1 } });
      expect(await audit.history.latest(Room, id)).toMatchObject({
        context: { agent: '[U+0141][U+00F3][U+1F600]', n: 1 },
      });
    });

    it('refuses to look for an actor that it lacks characters of', async () => {
      const { audit, save } = world;
      const id = await save({ actor: 'Zoë' });
      expect((await audit.history.feed({ actor: 'Zoë' })).items).toHaveLength(1);
      for (const read of [
        () => audit.history.timeline(Room, id, { actor: 'Łukasz' }),
        () => audit.history.feed({ actor: 'Łukasz' }),
      ])
        await expect(read()).rejects.toThrow(
          'actor must be text in the encoding of the database, got "Łukasz"',
        );
    });
  });

  it('takes every text as SQL_ASCII', async () => {
    const { audit, save } = await open(name, 'SQL_ASCII');
    for (const text of ACTORS) {
      const id = await save({ actor: text, reason: text, context: { [text]: text } });
      expect(await audit.history.latest(Room, id)).toMatchObject({
        actor: text,
        reason: text,
        context: { [text]: text },
      });
    }
  });
});
