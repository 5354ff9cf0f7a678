import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Column,
  type ColumnType,
  DataSource,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type EntityId } from '../../../src/history/types/entity-id.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

const types: Record<DatabaseName, Record<'bytes' | 'time', ColumnType>> = {
  sqlite: { bytes: 'blob', time: 'datetime' },
  postgres: { bytes: 'bytea', time: 'timestamptz' },
  mariadb: { bytes: 'varbinary', time: 'datetime' },
  mysql: { bytes: 'varbinary', time: 'datetime' },
};

class Code {
  constructor(readonly text: string) {}
}

function declareEntities(name: DatabaseName) {
  @Audited()
  @Entity()
  class Guest {
    @PrimaryGeneratedColumn() id: number;
    @Column({ default: 'Ann' }) name: string;
    @ManyToMany(() => Guest) @JoinTable() friends: Guest[];
  }

  @Audited()
  @Entity()
  class Profile {
    @OneToOne(() => Guest)
    @JoinColumn({ name: 'guest_fk' })
    @PrimaryColumn({ type: 'int', name: 'guest_fk' })
    guest: Guest;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Passport {
    @PrimaryColumn({ name: 'guest_no', type: 'int' }) guestId: number;
    @OneToOne(() => Guest) @JoinColumn({ name: 'guest_no' }) guest: Guest;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Line {
    @ManyToOne(() => Guest)
    @JoinColumn({ name: 'guest_fk' })
    @PrimaryColumn({ type: 'int', name: 'guest_fk' })
    guest: Guest;
    @PrimaryColumn({ name: 'line_no' }) line: number;
    @PrimaryColumn() kind: string;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Category {
    @PrimaryColumn({ name: 'tenant' }) tenantId: number;
    @PrimaryColumn() id: number;
    @ManyToOne(() => Category)
    @JoinColumn([
      { name: 'tenant', referencedColumnName: 'tenantId' },
      { name: 'parent_id', referencedColumnName: 'id' },
    ])
    parent: Category | null;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Uuid {
    @PrimaryGeneratedColumn('uuid') id: string;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Big {
    @PrimaryColumn({ type: 'bigint' }) id: string;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Text {
    @PrimaryColumn() id: string;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Bytes {
    @PrimaryColumn({ type: types[name].bytes, ...(types[name].bytes === 'varbinary' ? { length: 16 } : {}) })
    id: Buffer;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Day {
    @PrimaryColumn({ type: 'date' }) day: string;
    @PrimaryColumn({ type: types[name].time, precision: 3 }) at: Date;
    @PrimaryColumn() isOpen: boolean;
    @Column({ default: 'x' }) text: string;
  }

  @Audited()
  @Entity()
  class Coded {
    @PrimaryColumn({
      transformer: {
        to: (code: Code | string | undefined) => (code instanceof Code ? `#${code.text}` : code),
        from: (text: string) => new Code(text.slice(1)),
      },
    })
    code: string;
    @Column({ default: 'x' }) text: string;
  }

  class Position {
    @PrimaryColumn() row: number;
    @PrimaryColumn() seat: number;
  }

  @Audited()
  @Entity()
  class Ticket {
    @Column(() => Position) position: Position;
    @Column({ default: 'x' }) text: string;
  }

  return { Guest, Profile, Passport, Line, Category, Uuid, Big, Text, Bytes, Day, Coded, Ticket };
}

describeDatabases('ids', (name) => {
  const entities = declareEntities(name);
  const { Guest, Profile, Passport, Line, Category, Uuid, Big, Text, Bytes, Day, Coded, Ticket } = entities;
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let guest: InstanceType<typeof Guest>;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: Object.values(entities) });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    guest = await dataSource.getRepository(Guest).save({});
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  /** Expects each id to name the row whose two revisions have this text. */
  async function expectFound(
    target: new () => { text: string },
    ids: EntityId[],
    text: string,
  ): Promise<void> {
    for (const id of ids) {
      const { items } = await history.timeline(target, id);
      expect({ id, found: items.map(({ snapshot }) => snapshot!.text) }).toEqual({ id, found: [text, 'x'] });
      expect((await history.latest(target, id))!.snapshot!.text).toBe(text);
      expect((await history.asOf(target, id, 1))!.text).toBe('x');
      expect(await history.diff(target, id, 1, 2)).toEqual([{ property: 'text', from: 'x', to: text }]);
    }
  }

  it('may be a number, its text, a bigint, an object or the entity', async () => {
    const repository = dataSource.getRepository(Guest);
    const { id } = await repository.save({});
    await repository.save({ id, name: 'Bob' });
    const entity = await repository.findOneByOrFail({ id });
    for (const given of [id, String(id), BigInt(id), { id }, entity])
      expect((await history.latest(Guest, given))?.version).toBe(2);
  });

  it('is text for a key that is text, where it is given as a number by turns with other text', async () => {
    const repository = dataSource.getRepository(Text);
    const uuid = '7f0c1d8e-1b2c-4222-8333-444455556666';
    for (const key of ['17', '017', '17a', uuid]) {
      await repository.insert({ id: key });
      await repository.update({ id: key }, { text: `of ${key}` });
    }
    for (const id of [17, uuid, 17, '17a'] as string[]) await expectFound(Text, [id], `of ${id}`);
  });

  it('may name a key that is a relation', async () => {
    const repository = dataSource.getRepository(Profile);
    await repository.insert({ guest });
    await repository.update({ guest: { id: guest.id } }, { text: 'profile' });
    await expectFound(
      Profile,
      [guest.id, { guest: { id: guest.id } }, { guest }, { guest: guest.id }, { guest_fk: guest.id }],
      'profile',
    );
    await expectFound(Profile, [(await history.asOf(Profile, guest.id, 2))!], 'profile');
  });

  it('may name a row of a junction table', async () => {
    const { id } = await dataSource.getRepository(Guest).save({ friends: [{ id: guest.id }] });
    const key = { guestId_1: id, guestId_2: guest.id };
    expect(await history.asOf('guest_friends_guest', key, 1)).toStrictEqual(key);
    const { operation, changes } = (await history.latest('guest_friends_guest', key))!;
    expect({ operation, changes }).toEqual({ operation: 'insert', changes: [] });
  });

  it('may name a key that has a relation beside it', async () => {
    const repository = dataSource.getRepository(Passport);
    await repository.insert({ guestId: guest.id });
    await repository.update({ guestId: guest.id }, { text: 'passport' });
    await expectFound(
      Passport,
      [guest.id, { guestId: guest.id }, { guest: { id: guest.id } }, { guest_no: guest.id }],
      'passport',
    );
  });

  it('is an object for a composite key', async () => {
    const repository = dataSource.getRepository(Line);
    for (const [line, kind] of [
      [1, 'a'],
      [1, 'b'],
      [2, 'a'],
    ] as const) {
      await repository.insert({ guest, line, kind });
      await repository.update({ guest: { id: guest.id }, line, kind }, { text: `line ${line}${kind}` });
    }
    await expectFound(Line, [{ guest, line: 1, kind: 'b' }], 'line 1b');
    await expectFound(Line, [{ kind: 'a', line_no: 2, guest_fk: guest.id }], 'line 2a');
    const [row] = await repository.find({ where: { line: 1, kind: 'a' }, relations: { guest: true } });
    await expectFound(Line, [row], 'line 1a');
    await expect(history.latest(Line, 1)).rejects.toThrow(
      'id of Line must be { guest, line, kind }, got one value.',
    );
    await expect(history.latest(Line, { guest, line: 1 })).rejects.toThrow(', got no value for "kind".');
  });

  it('may share a column with a relation to its own kind', async () => {
    const repository = dataSource.getRepository(Category);
    await repository.insert({ tenantId: 1, id: 1 });
    await repository.insert({ tenantId: 1, id: 2, parent: { tenantId: 1, id: 1 } });
    await repository.update({ tenantId: 1, id: 2 }, { text: 'category' });
    await expectFound(
      Category,
      [
        { tenantId: 1, id: 2 },
        { tenant: 1, id: 2 },
      ],
      'category',
    );
    const found = await history.timeline(Category, { tenantId: 1, id: 2 }, { property: 'parent' });
    expect(found.items.map(({ version }) => version)).toEqual([1]);
  });

  it('may lie in an embedded', async () => {
    const repository = dataSource.getRepository(Ticket);
    await repository.insert({ position: { row: 1, seat: 2 } });
    await repository.update({ position: { row: 1, seat: 2 } }, { text: 'ticket' });
    await expectFound(
      Ticket,
      [{ position: { row: 1, seat: 2 } }, { positionRow: 1, positionSeat: 2 }],
      'ticket',
    );
    await expect(history.latest(Ticket, { position: { row: 1 } })).rejects.toThrow(
      ', got no value for "position.seat".',
    );
  });

  it('may be a uuid', async () => {
    const repository = dataSource.getRepository(Uuid);
    const { id } = await repository.save({});
    await repository.update(id, { text: 'uuid' });
    await expectFound(Uuid, [id, { id }], 'uuid');
    expect(await history.latest(Uuid, '00000000-0000-7000-8000-000000000000')).toBeNull();
  });

  it('may be a bigint beyond 2 ** 53', async () => {
    const repository = dataSource.getRepository(Big);
    for (const id of ['9007199254740993', '9007199254740992']) {
      await repository.insert({ id });
      await repository.update(id, { text: id });
    }
    await expectFound(
      Big,
      ['9007199254740993', 9007199254740993n, { id: '9007199254740993' }],
      '9007199254740993',
    );
    await expect(history.latest(Big, 2 ** 53)).rejects.toThrow(
      'id must have "id" of Big as a string or bigint, got 9007199254740992, which a number doesn\'t hold exactly.',
    );
  });

  it('may be text, also of digits', async () => {
    const repository = dataSource.getRepository(Text);
    for (const id of ['a,b', '12', '', "o'clock :id ?"]) {
      await repository.insert({ id });
      await repository.update({ id }, { text: `text ${id}` });
      await expectFound(Text, [id, { id }], `text ${id}`);
    }
    await expectFound(Text, [12], 'text 12');
  });

  it('may be bytes', async () => {
    const repository = dataSource.getRepository(Bytes);
    const id = Buffer.from([0, 255, 39, 92]);
    await repository.insert({ id });
    await repository.update({ id }, { text: 'bytes' });
    await expectFound(Bytes, [id, { id }, new Uint8Array(id)], 'bytes');
  });

  it('may be dates and a boolean', async () => {
    const repository = dataSource.getRepository(Day);
    const key = { day: '2015-04-03', at: new Date('2015-04-03T12:34:56.789Z'), isOpen: true };
    await repository.insert(key);
    await repository.update(key, { text: 'day' });
    await expectFound(Day, [key], 'day');
    expect(await history.latest(Day, { ...key, isOpen: false })).toBeNull();
  });

  it('goes through the transformer', async () => {
    const repository = dataSource.getRepository(Coded);
    await repository.insert({ code: new Code('a') as never });
    await repository.update({ code: new Code('a') as never }, { text: 'code' });
    await expectFound(Coded, [new Code('a'), { code: new Code('a') }, '#a'], 'code');
    expect((await history.latest(Coded, new Code('a')))!.snapshot!.code).toEqual(new Code('a'));
  });

  describe('are refused', () => {
    it.each([
      ['null', Guest, null],
      ['undefined', Guest, undefined],
      ['an empty object', Guest, {}],
      ['a list', Guest, [[1]]],
      ['text for an integer', Guest, 'abc'],
      ['text that begins with one', Guest, '1abc'],
      ['a fraction for an integer', Guest, 1.5],
      ['empty text for an integer', Guest, ''],
      ['a key that is null', Guest, { id: null }],
      ['a relation that is null', Profile, { guest: null }],
    ])('when they are %s', async (_, target, id) => {
      for (const refusal of [
        history.timeline(target, id as never),
        history.latest(target, id as never),
        history.revision(target, id as never, 1),
        history.diff(target, id as never, 1, 2),
        history.asOf(target, id as never, 1),
      ]) {
        await expect(refusal).rejects.toThrow(InvalidArgumentError);
        await expect(refusal).rejects.toMatchObject({ argument: 'id' });
      }
    });

    it('when they are no date for a date', async () => {
      const latest = history.latest(Day, { day: '2015-04-03', at: 'soon', isOpen: true });
      if (name === 'sqlite') expect(await latest).toBeNull();
      else await expect(latest).rejects.toThrow('id must have a date as "at" of Day, got "soon".');
    });

    it.each([
      ['text for a uuid', Uuid, 'abc'],
      ['more than an int holds', Guest, 2 ** 40],
    ])('or name nothing when they are %s', async (_, target, id) => {
      const latest = history.latest(target, id);
      if (name !== 'postgres') expect(await latest).toBeNull();
      else {
        await expect(latest).rejects.toThrow(`id must be an id that ${target.name} can have, got "${id}".`);
        await expect(latest).rejects.toMatchObject({ argument: 'id', cause: expect.any(Error) });
      }
    });
  });
});
