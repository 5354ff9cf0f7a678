import { afterAll, beforeAll, it } from '@jest/globals';
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  type ObjectLiteral,
  OneToOne,
  PrimaryColumn,
  type PrimaryColumnOptions,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import {
  type AuditedDatabase,
  expectMigratable,
  expectRecorded,
  expectRecordedTogether,
  openAudited,
} from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

type EntityClass = new () => ObjectLiteral;

@Entity()
class Parent {
  @PrimaryColumn() id: number;
}

@Audited()
@Entity()
class GeneratedNumber {
  @PrimaryGeneratedColumn() id: number;
  @Column({ default: 1 }) value: number;
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
class GeneratedUuid {
  @PrimaryGeneratedColumn('uuid', { name: 'the_id' }) id: string;
  @Column({ default: 1 }) value: number;
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
class GeneratedBigint {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id: string;
  @Column({ default: 1 }) value: number;
}

@Audited()
@Entity()
class Identity {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'ALWAYS' }) id: number;
  @Column({ default: 1 }) value: number;
}

@Audited()
@Entity()
class SharedKey {
  @PrimaryColumn() parentId: number;
  @OneToOne(() => Parent) @JoinColumn({ name: 'parentId' }) parent: Parent;
  @Column({ default: 1 }) value: number;
}

@Audited()
@Entity()
class TwoParents {
  @PrimaryColumn({ name: 'left_id' }) leftId: number;
  @PrimaryColumn({ name: 'right_id' }) rightId: number;
  @ManyToOne(() => Parent) @JoinColumn({ name: 'left_id' }) left: Parent;
  @ManyToOne(() => Parent) @JoinColumn({ name: 'right_id' }) right: Parent;
  @Column({ default: 1 }) value: number;
  @DeleteDateColumn() deletedAt: Date | null;
}

class Place {
  @PrimaryColumn({ type: 'varchar', length: 30 }) country: string;
  @PrimaryColumn({ type: 'date' }) since: string;
}

@Audited()
@Entity()
class EmbeddedKey {
  @Column(() => Place) place: Place;
  @PrimaryColumn() number: number;
  @Column({ default: 1 }) value: number;
}

let tables = 0;

/** An audited class whose primary key is the columns `k0`, `k1`, … */
function keyedBy(...keys: PrimaryColumnOptions[]): EntityClass {
  class Keyed {
    value: number;
  }
  keys.forEach((options, n) => PrimaryColumn({ ...options, name: `key_${n}` })(Keyed.prototype, `k${n}`));
  Column({ type: 'int', default: 1 })(Keyed.prototype, 'value');
  DeleteDateColumn()(Keyed.prototype, 'deletedAt');
  Entity(`keyed${++tables}`)(Keyed);
  Audited()(Keyed);
  return Keyed;
}

// TypeORM takes the key of a saved instance through `from` a second time.
const bytesOfUuid = {
  to: (uuid: string) => uuid && Buffer.from(uuid.replaceAll('-', ''), 'hex'),
  from: (value: Buffer | string) =>
    Buffer.isBuffer(value)
      ? value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      : value,
};
const uuids = ['8a3f2c1e-0b0c-4d57-9a3e-1f2e3d4c5b00', '00000000-0000-4000-8000-00000000005c'];
const moments = [new Date('2024-02-29T23:59:58.000Z'), new Date('2015-07-03T00:00:00.000Z')];

/** A class and the keys of three rows of it. */
type Case = readonly [title: string, target: EntityClass, ...rows: ObjectLiteral[]];

const everywhere: Case[] = [
  ['generated numbers', GeneratedNumber, {}, {}, {}],
  ['generated uuids', GeneratedUuid, {}, {}, {}],
  ['text', keyedBy({ type: 'varchar', length: 40 }), { k0: `O’Brien "1" \\ '` }, { k0: '' }, { k0: '😀' }],
  ['uuids', keyedBy({ type: 'uuid' }), { k0: uuids[0] }, { k0: uuids[1] }],
  ['dates', keyedBy({ type: 'date' }), { k0: '2024-02-29' }, { k0: '2015-04-03' }],
  ['decimals', keyedBy({ type: 'decimal', precision: 10, scale: 2 }), { k0: '10.50' }, { k0: '-0.01' }],
  ['labels', keyedBy({ type: 'simple-enum', enum: ['a', 'b ♥'] }), { k0: 'a' }, { k0: 'b ♥' }],
  ['numeric labels', keyedBy({ type: 'simple-enum', enum: [1, 2] }), { k0: 1 }, { k0: 2 }],
  [
    'a number and a text',
    keyedBy({ type: 'int' }, { type: 'varchar', length: 10 }),
    { k0: 1, k1: 'a' },
    { k0: 1, k1: 'b' },
    { k0: 2, k1: 'a' },
  ],
  [
    'a boolean, a date and a text',
    keyedBy({ type: 'boolean' }, { type: 'date' }, { type: 'varchar', length: 10 }),
    { k0: true, k1: '2024-02-29', k2: 'a' },
    { k0: false, k1: '2024-02-29', k2: 'a' },
  ],
  ['a foreign key', SharedKey, { parentId: 1 }, { parentId: 2 }],
  ['two foreign keys', TwoParents, { leftId: 1, rightId: 2 }, { leftId: 2, rightId: 1 }],
  [
    'columns of an embedded',
    EmbeddedKey,
    { place: { country: 'NL', since: '2024-02-29' }, number: 1 },
    { place: { country: 'NL', since: '2024-02-29' }, number: 2 },
  ],
];

const mysqlCases: Case[] = [
  [
    'bigints',
    keyedBy({ type: 'bigint' }),
    { k0: '9007199254740993' },
    { k0: '9007199254740992' },
    { k0: '-1' },
  ],
  ['generated bigints', GeneratedBigint, {}, {}],
  [
    'unsigned bigints',
    keyedBy({ type: 'bigint', unsigned: true }),
    { k0: '18446744073709551615' },
    { k0: '1' },
  ],
  [
    'transformed bytes',
    keyedBy({ type: 'binary', length: 16, transformer: bytesOfUuid }),
    { k0: uuids[0] },
    { k0: uuids[1] },
  ],
  [
    'bytes',
    keyedBy({ type: 'varbinary', length: 9 }),
    { k0: Buffer.from([0, 255]) },
    { k0: Buffer.from('a') },
  ],
  ['datetimes', keyedBy({ type: 'datetime' }), { k0: moments[0] }, { k0: moments[1] }],
  ['timestamps', keyedBy({ type: 'timestamp' }), { k0: moments[0] }, { k0: moments[1] }],
  ['char(n)', keyedBy({ type: 'char', length: 5 }), { k0: 'ab' }, { k0: 'abc' }],
  [
    'text of another charset',
    keyedBy({ type: 'varchar', length: 9, charset: 'latin1', collation: 'latin1_bin' }),
    { k0: 'ä' },
    { k0: 'a' },
  ],
];

const only: Record<DatabaseName, Case[]> = {
  sqlite: [
    // Its driver reads a larger one as the next number that a double holds.
    ['bigints', keyedBy({ type: 'bigint' }), { k0: Number.MAX_SAFE_INTEGER }, { k0: -1 }],
    [
      'transformed bytes',
      keyedBy({ type: 'blob', transformer: bytesOfUuid }),
      { k0: uuids[0] },
      { k0: uuids[1] },
    ],
    ['datetimes', keyedBy({ type: 'datetime' }), { k0: moments[0] }, { k0: moments[1] }],
  ],
  postgres: [
    [
      'bigints',
      keyedBy({ type: 'bigint' }),
      { k0: '9007199254740993' },
      { k0: '9007199254740992' },
      { k0: '-1' },
    ],
    ['generated bigints', GeneratedBigint, {}, {}],
    ['identities', Identity, {}, {}],
    [
      'transformed bytes',
      keyedBy({ type: 'bytea', transformer: bytesOfUuid }),
      { k0: uuids[0] },
      { k0: uuids[1] },
    ],
    ['timestamps', keyedBy({ type: 'timestamp' }), { k0: moments[0] }, { k0: moments[1] }],
    ['timestamps with a zone', keyedBy({ type: 'timestamptz' }), { k0: moments[0] }, { k0: moments[1] }],
    ['char(n)', keyedBy({ type: 'char', length: 5 }), { k0: 'ab   ' }, { k0: 'abc  ' }],
    [
      'named labels',
      keyedBy({ type: 'enum', enum: ['a', 'b'], enumName: 'Some Labels' }),
      { k0: 'a' },
      { k0: 'b' },
    ],
    ['citext', keyedBy({ type: 'citext' }), { k0: 'Ab' }, { k0: 'b' }],
  ],
  mariadb: mysqlCases,
  mysql: mysqlCases,
};

describeDatabases('The primary key', (name) => {
  const cases = [...everywhere, ...only[name]];
  let audited: AuditedDatabase;
  beforeAll(async () => {
    const entities = [Parent, ...cases.map(([, target]) => target)];
    audited = await openAudited(name, { entities, synchronize: false });
    await expectMigratable(audited.dataSource);
    await audited.dataSource.getRepository(Parent).insert([{ id: 1 }, { id: 2 }]);
  });
  afterAll(() => audited?.close());

  it.each(cases)('is what the history goes by, when it is of %s', async (_, target, ...rows) => {
    await expectRecorded(audited.dataSource, target, [rows[0], { value: 2 }]);
    await expectRecordedTogether(audited.dataSource, target, rows, { value: 3 });
  });

  it('leaves a history that holds the invariants', () => expectInvariants(audited.dataSource));
});
