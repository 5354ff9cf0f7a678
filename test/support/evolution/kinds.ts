import { added, change, int, type Kind, SERVERS, text } from './kind.js';
import { STRUCTURE_KINDS } from './structure-kinds.js';

export const KINDS: readonly Kind[] = [
  added('added nullable', text(20)),
  added('added NOT NULL with a default', { type: 'int', default: 7 }),
  added('added NOT NULL with a boolean default', { type: Boolean, default: true }),
  added('added NOT NULL with a date as default', { type: 'date', default: '2020-02-03' }),
  added('added NOT NULL enum with a default', {
    type: 'simple-enum',
    enum: ['open', 'paid'],
    default: 'open',
  }),
  added('added nullable with a default', { type: 'varchar', length: 20, nullable: true, default: 'none' }),
  added(
    'added with a computed default',
    { type: 'varchar', length: 20, default: () => `upper('x')` },
    {
      not: { mariadb: 'TypeORM writes no parentheses, which a default expression needs', mysql: 'the same' },
    },
  ),
  {
    title: 'dropped',
    before: { columns: { c: text(20), d: int } },
    after: { columns: { d: int } },
    rows: [
      { c: 'kept one', d: 11 },
      { c: 'kept two', d: 12 },
    ],
  },
  {
    title: 'dropped for good',
    before: { columns: { d: int } },
    after: { columns: { d: int }, options: { dropped: { gone: 'drop' } } },
    rows: [{ d: 11 }, { d: 12 }],
  },
  {
    title: 'renamed',
    before: { columns: { former: text(20) } },
    after: { columns: { latter: text(20) }, options: { renamed: { former: 'latter' } } },
    rows: [{ former: 'one' }, { former: 'two' }],
  },
  {
    title: 'two renamed at once',
    before: { columns: { a: text(20), b: int } },
    after: { columns: { x: text(20), y: int }, options: { renamed: { a: 'x', b: 'y' } } },
    rows: [
      { a: 'one', b: 41 },
      { a: 'two', b: 42 },
    ],
  },
  {
    title: 'renamed and longer',
    before: { columns: { a: text(20) } },
    after: { columns: { b: text(50) }, options: { renamed: { a: 'b' } } },
    rows: [{ a: 'one' }, { a: 'two' }],
    emptied: SERVERS(['b']),
  },
  {
    title: 'dropped, added and made NOT NULL',
    before: { columns: { a: text(20), k: int } },
    after: { columns: { b: text(20), k: { type: 'int' } } },
    rows: [
      { a: 'one', k: 31 },
      { a: 'two', k: 32 },
    ],
  },
  change('longer', text(20), text(50), ['one', 'two'], { emptied: SERVERS(['c']) }),
  change('shorter', text(50), text(20), ['one', 'two'], { emptied: SERVERS(['c']) }),
  change('varchar to text', text(20), { type: 'text', nullable: true }, ['one', 'two'], {
    emptied: SERVERS(['c']),
  }),
  change('text to varchar', { type: 'text', nullable: true }, text(20), ['one', 'two'], {
    emptied: SERVERS(['c']),
  }),
  change('int to bigint', int, { type: 'bigint', nullable: true }, [51, 52], { emptied: SERVERS(['c']) }),
  change('int to numeric', int, { type: 'decimal', precision: 12, scale: 2, nullable: true }, [51, 52], {
    emptied: SERVERS(['c']),
  }),
  change('int to text', int, text(20), [51, 52], { emptied: SERVERS(['c']) }),
  change('text to int with letters in it', text(20), int, ['one', 'two'], {
    emptied: SERVERS(['c']),
    unmendable: 'letters are no number',
  }),
  change(
    'labels of an enum added and removed',
    { type: 'simple-enum', enum: ['open', 'paid'], nullable: true },
    { type: 'simple-enum', enum: ['open', 'paid', 'void'], nullable: true },
    ['open', 'paid'],
  ),
  change('nullable to NOT NULL', int, { type: 'int' }, [51, 52]),
  change('NOT NULL to nullable', { type: 'int' }, int, [51, 52]),
  change(
    'more precision',
    { type: 'decimal', precision: 10, scale: 2, nullable: true },
    { type: 'decimal', precision: 14, scale: 4, nullable: true },
    ['1.25', '2.50'],
  ),
  change(
    'less precision',
    { type: 'decimal', precision: 14, scale: 4, nullable: true },
    { type: 'decimal', precision: 10, scale: 2, nullable: true },
    ['1.25', '2.50'],
  ),
  {
    title: 'excluded',
    before: { columns: { c: text(20) } },
    after: { columns: { c: text(20) }, options: { exclude: ['c'] } },
    rows: [{ c: 'one' }, { c: 'two' }],
  },
  {
    title: 'no longer excluded',
    before: { columns: { c: text(20) }, options: { exclude: ['c'] } },
    after: { columns: { c: text(20) } },
    rows: [{ c: 'one' }, { c: 'two' }],
  },
  {
    title: 'masked',
    before: { columns: { c: text(20) } },
    after: { columns: { c: { ...text(20), masked: true } } },
    rows: [{ c: 'one' }, { c: 'two' }],
  },
  ...STRUCTURE_KINDS,
];
