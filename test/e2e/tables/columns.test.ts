import { afterAll, beforeAll, it } from '@jest/globals';
import {
  Column,
  type ColumnOptions,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
  VersionColumn,
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

enum Suit {
  Clubs = 'clubs',
  Hearts = 'hearts ♥',
}
enum Level {
  Low,
  High = 7,
}

const day = new Date('2024-02-29T23:59:58.000Z');
const otherDay = new Date('2015-04-03T00:00:00.123Z');
const bytes = Buffer.from([0, 255, 39, 92, 10]);

/** A column and two values of it. */
type Case = readonly [title: string, options: ColumnOptions, first: unknown, second: unknown];

const everywhere: Case[] = [
  ['text without a length', {}, 'a', 'A'],
  ['varchar', { type: 'varchar', length: 40 }, 'trailing', 'trailing '],
  ['text', { type: 'text' }, 'O’Brien\n"1"', ''],
  ['int', { type: 'int' }, 0, -1],
  ['smallint', { type: 'smallint' }, 1, 2],
  ['bigint above 2^53', { type: 'bigint' }, '9007199254740993', '9223372036854775807'],
  ['decimal', { type: 'decimal', precision: 20, scale: 4 }, '1234567.8901', '1234567.8902'],
  ['double precision', { type: 'double precision' }, 0.1, 1e300],
  ['boolean', { type: 'boolean' }, true, false],
  ['date', { type: 'date' }, '2024-02-29', '0999-12-31'],
  ['time', { type: 'time' }, '23:59:58', '00:00:00'],
  ['simple-json', { type: 'simple-json' }, { a: [1, null] }, 'text'],
  ['simple-array', { type: 'simple-array' }, ['a', 'b'], ['a b']],
  ['simple-enum of strings', { type: 'simple-enum', enum: Suit }, Suit.Clubs, Suit.Hearts],
  ['simple-enum of numbers', { type: 'simple-enum', enum: Level }, Level.High, Level.Low],
  ['a column that is not selected', { type: 'varchar', select: false }, 'secret', 'other'],
  ['another database name', { type: 'varchar', name: 'Strange Name' }, 'a', 'b'],
  [
    'a transformer',
    {
      type: 'varchar',
      transformer: {
        to: (value: { tag: string } | null) => value && `<${value.tag}>`,
        from: (value: string | null) => value && { tag: value.slice(1, -1) },
      },
    },
    { tag: 'a' },
    { tag: 'b' },
  ],
  [
    'an enum with transformers',
    {
      type: 'simple-enum',
      enum: Level,
      transformer: [
        {
          to: (value: string | null) => value?.slice(1),
          from: (value: string | null) => value && `L${value}`,
        },
        { to: (value?: string) => value && Number(value), from: (value: number | null) => value?.toFixed() },
      ],
    },
    'L7',
    'L0',
  ],
];

const mysqlCases: Case[] = [
  ['enum of strings', { type: 'enum', enum: Suit }, Suit.Clubs, Suit.Hearts],
  ['enum of numbers', { type: 'enum', enum: Level }, Level.High, Level.Low],
  ['set', { type: 'set', enum: Suit }, [Suit.Clubs, Suit.Hearts], [Suit.Hearts]],
  ['an empty set', { type: 'set', enum: Suit }, [], [Suit.Hearts]],
  ['json', { type: 'json' }, { a: [1, { b: null }] }, [1]],
  ['datetime', { type: 'datetime' }, day, new Date('2015-04-03T00:00:00.000Z')],
  ['datetime(3)', { type: 'datetime', precision: 3 }, day, otherDay],
  ['timestamp', { type: 'timestamp' }, day, new Date('2015-04-03T00:00:00.000Z')],
  ['year', { type: 'year' }, 1999, 2024],
  ['blob', { type: 'blob' }, bytes, Buffer.alloc(0)],
  ['longblob', { type: 'longblob' }, bytes, Buffer.alloc(0)],
  ['varbinary', { type: 'varbinary', length: 20 }, bytes, Buffer.from('a ')],
  ['binary', { type: 'binary', length: 4 }, Buffer.from('abcd'), Buffer.from('ABCD')],
  ['unsigned bigint', { type: 'bigint', unsigned: true }, '18446744073709551615', '9007199254740993'],
  ['unsigned int', { type: 'int', unsigned: true }, 4294967295, 1],
  ['unsigned decimal', { type: 'decimal', precision: 6, scale: 2, unsigned: true }, '1.50', '1.51'],
  ['tinyint', { type: 'tinyint' }, -128, 127],
  ['mediumint', { type: 'mediumint' }, 1, 2],
  ['float', { type: 'float' }, 0.1, 0.2],
  ['float with a scale', { type: 'float', precision: 7, scale: 3 }, 1.125, 1.25],
  ['bit', { type: 'bit' }, Buffer.from([1]), Buffer.from([0])],
  ['char(n)', { type: 'char', length: 5 }, 'ab', 'AB'],
  ['longtext', { type: 'longtext' }, 'a', 'a '],
  [
    'charset and collation',
    { type: 'varchar', length: 20, charset: 'latin1', collation: 'latin1_german1_ci' },
    'ä',
    'a',
  ],
  ['uuid', { type: 'uuid' }, '8a3f2c1e-0b0c-4d57-9a3e-1f2e3d4c5b6a', '00000000-0000-0000-0000-000000000000'],
  ['point', { type: 'point', srid: 4326 }, 'POINT(1 2)', 'POINT(1 3)'],
  ['geometry', { type: 'geometry', spatialFeatureType: 'Point' }, 'POINT(1 2)', 'POINT(1 3)'],
];

const only: Record<DatabaseName, Case[]> = {
  sqlite: [
    [
      'simple-enum array',
      { type: 'simple-enum', enum: Suit, array: true },
      [Suit.Hearts, Suit.Clubs],
      [Suit.Clubs],
    ],
    ['an empty simple-enum array', { type: 'simple-enum', enum: Suit, array: true }, [], [Suit.Hearts]],
    [
      'numeric simple-enum array',
      { type: 'simple-enum', enum: Level, array: true },
      [Level.High, Level.Low],
      [Level.Low],
    ],
    ['datetime', { type: 'datetime' }, day, otherDay],
    ['blob', { type: 'blob' }, bytes, Buffer.alloc(0)],
    ['real', { type: 'real' }, 0.1, -0.5],
    ['json', { type: 'json' }, { a: 1 }, [2]],
    ['jsonb', { type: 'jsonb' }, { a: 1 }, [2]],
    ['collation', { type: 'varchar', collation: 'NOCASE' }, 'a', 'A'],
  ],
  postgres: [
    ['enum of strings', { type: 'enum', enum: Suit }, Suit.Clubs, Suit.Hearts],
    ['enum of numbers', { type: 'enum', enum: Level }, Level.High, Level.Low],
    ['enum with a name', { type: 'enum', enum: Suit, enumName: 'Suit Of Cards' }, Suit.Clubs, Suit.Hearts],
    ['enum array', { type: 'enum', enum: Suit, array: true }, [Suit.Hearts, Suit.Clubs], []],
    ['numeric enum array', { type: 'enum', enum: Level, array: true }, [Level.High, Level.Low], [Level.Low]],
    ['int array', { type: 'int', array: true }, [1, 2], []],
    ['text array', { type: 'text', array: true }, ['a,b', '"', 'NULL'], ['']],
    ['uuid array', { type: 'uuid', array: true }, ['8a3f2c1e-0b0c-4d57-9a3e-1f2e3d4c5b6a'], []],
    ['json', { type: 'json' }, { a: [1, { b: null }] }, 'text'],
    ['jsonb', { type: 'jsonb' }, { a: [1, { b: null }] }, [1]],
    ['bytea', { type: 'bytea' }, bytes, Buffer.alloc(0)],
    ['timestamp', { type: 'timestamp' }, day, otherDay],
    ['timestamptz', { type: 'timestamptz' }, day, otherDay],
    ['timestamp(0)', { type: 'timestamp', precision: 0 }, day, new Date('2024-01-01T00:00:00.000Z')],
    ['timetz', { type: 'timetz' }, '23:59:58+02', '21:59:58+00'],
    ['decimal without a scale', { type: 'decimal' }, '10.50', '10.5'],
    ['real', { type: 'real' }, 0.1, NaN],
    ['money', { type: 'money' }, '$1.50', '$1.51'],
    ['char(n)', { type: 'char', length: 5 }, 'ab   ', 'abc  '],
    ['collation', { type: 'varchar', collation: 'C' }, 'a', 'b'],
    [
      'uuid',
      { type: 'uuid' },
      '8a3f2c1e-0b0c-4d57-9a3e-1f2e3d4c5b6a',
      '00000000-0000-0000-0000-000000000000',
    ],
    ['inet', { type: 'inet' }, '10.0.0.1', '10.0.0.1/8'],
    ['bit', { type: 'bit', length: 3 }, '101', '100'],
    ['varbit', { type: 'varbit' }, '101', '1010'],
    ['xml', { type: 'xml' }, '<a/>', '<a></a>'],
    ['point', { type: 'point' }, '(1,2)', '(1,3)'],
    ['polygon', { type: 'polygon' }, '((0,0),(1,1),(1,0))', '((0,0),(1,1),(2,0))'],
    ['int4range', { type: 'int4range' }, '[1,3)', 'empty'],
    ['tsvector', { type: 'tsvector' }, "'a':1", "'b':1"],
    ['hstore as an object', { type: 'hstore', hstoreType: 'object' }, { a: '1' }, { a: null }],
    ['hstore as text', { type: 'hstore', hstoreType: 'string' }, '"a"=>"1"', '"a"=>"2"'],
    ['citext', { type: 'citext' }, 'a', 'A'],
    ['ltree', { type: 'ltree' }, 'a.b', 'a.c'],
  ],
  mariadb: [...mysqlCases, ['inet6', { type: 'inet6' }, '::1', '::2']],
  // It has no inet6.
  mysql: mysqlCases,
};

const derived: Record<DatabaseName, Case[1][]> = {
  sqlite: [
    { type: 'int', asExpression: 'base * 2', generatedType: 'STORED' },
    { type: 'varchar', asExpression: `'n' || base`, generatedType: 'VIRTUAL' },
  ],
  postgres: [{ type: 'int', asExpression: 'base * 2', generatedType: 'STORED' }],
  mariadb: [
    { type: 'int', asExpression: 'base * 2', generatedType: 'STORED' },
    { type: 'varchar', asExpression: `concat('n', base)`, generatedType: 'VIRTUAL' },
  ],
  mysql: [
    { type: 'int', asExpression: 'base * 2', generatedType: 'STORED' },
    { type: 'varchar', asExpression: `concat('n', base)`, generatedType: 'VIRTUAL' },
  ],
};

/** An audited class with columns that the database or TypeORM fills. */
function derivedEntity(columns: readonly ColumnOptions[]): new () => object {
  @Audited()
  @Entity()
  class Derived {
    @PrimaryGeneratedColumn() id: number;
    @Column() base: number;
    @Column({ default: 7 }) filled: number;
    @CreateDateColumn({ name: 'created_at' }) created: Date;
    @UpdateDateColumn() updated: Date;
    @DeleteDateColumn() deleted: Date | null;
    @VersionColumn() version: number;
  }
  columns.forEach((options, n) =>
    Column({ ...options, insert: false, update: false })(Derived.prototype, `d${n}`),
  );
  return Derived;
}

/** An audited class with the columns of some cases, all of them nullable: `c0`, `c1`, … */
function entityOf(cases: readonly Case[]): new () => object {
  class Everything {
    id: number;
  }
  PrimaryGeneratedColumn()(Everything.prototype, 'id');
  cases.forEach(([, options], n) =>
    Column({ type: String, ...options, nullable: true })(Everything.prototype, `c${n}`),
  );
  Entity()(Everything);
  Audited()(Everything);
  return Everything;
}

describeDatabases('A column', (name) => {
  const cases = [...everywhere, ...only[name]];
  const target = entityOf(cases);
  const generated = derivedEntity(derived[name]);
  let audited: AuditedDatabase;
  beforeAll(async () => {
    audited = await openAudited(name, { entities: [target, generated], synchronize: false });
    await expectMigratable(audited.dataSource);
  });
  afterAll(() => audited?.close());

  it.each(cases.map(([title], n) => [title, n] as const))(
    'has the row’s values in its revisions: %s',
    async (_, n) => {
      const [, , first, second] = cases[n];
      const states = [first, second, null, second].map((value) => ({ [`c${n}`]: value }));
      await expectRecorded(audited.dataSource, target, states);
    },
  );

  it('has the values of rows that are saved together', async () => {
    const [first, second] = [2, 3].map((at) =>
      Object.fromEntries(cases.map((column, n) => [`c${n}`, column[at]])),
    );
    await expectRecordedTogether(audited.dataSource, target, [second, second], first);
  });

  it('that something else fills has its value: generated, default, dates and version', async () => {
    await expectRecorded(audited.dataSource, generated, [{ base: 1 }, { base: 2 }, { filled: 8 }]);
    await expectRecordedTogether(audited.dataSource, generated, [{ base: 1 }, { base: 2 }], { base: 3 });
  });

  it('leaves a history that holds the invariants', () => expectInvariants(audited.dataSource));
});
