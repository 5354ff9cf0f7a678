import { Column, type ColumnOptions, JoinColumn, JoinTable, ManyToMany, ManyToOne } from 'typeorm';
import { added, change, int, type Kind, text } from './kind.js';
import { type Version } from './version.js';

type Decorate = NonNullable<Version['decorate']>;

class Address {
  street: string | null;
  floor: number | null;
}
Column(text(40))(Address.prototype, 'street');
Column(int)(Address.prototype, 'floor');

const embedded =
  (property: string): Decorate =>
  (item) =>
    Column(() => Address)(item.prototype, property);

const parent =
  (joinColumn: string): Decorate =>
  (item) => {
    ManyToOne(() => item, { nullable: true, createForeignKeyConstraints: false })(item.prototype, 'parent');
    JoinColumn({ name: joinColumn })(item.prototype, 'parent');
  };

const constrainedParent: Decorate = (item) => {
  ManyToOne(() => item, { nullable: true })(item.prototype, 'parent');
  JoinColumn({ name: 'parent_id' })(item.prototype, 'parent');
};

const parents: Decorate = (item) => {
  ManyToMany(() => item)(item.prototype, 'parents');
  JoinTable({
    name: 'item_parents',
    joinColumn: { name: 'child_id' },
    inverseJoinColumn: { name: 'parent_id' },
  })(item.prototype, 'parents');
};

const stored = (asExpression: string): ColumnOptions => ({
  type: 'int',
  generatedType: 'STORED',
  asExpression,
  nullable: true,
});

const NO_COLLATIONS = {
  sqlite: 'TypeORM changes no collation there',
  mariadb: 'the same: see charsets.test.ts',
  mysql: 'the same',
};

/** Kinds that change more than a column, or marks of the library, or what a type says beside its size. */
export const STRUCTURE_KINDS: readonly Kind[] = [
  {
    title: 'added generated column',
    before: { columns: { n: int } },
    after: { columns: { n: int, double: stored('n * 2') } },
    rows: [{ n: 4 }, { n: 5 }],
  },
  {
    title: 'generated column dropped',
    not: { sqlite: 'TypeORM inserts into the column' },
    before: { columns: { n: int, double: stored('n * 2') } },
    after: { columns: { n: int } },
    rows: [{ n: 4 }, { n: 5 }],
  },
  added(
    'added NOT NULL with a JSON default',
    { type: 'json', default: { tags: ['a'], size: 2 } },
    {
      not: {
        mariadb: 'TypeORM writes [object Object]',
        mysql: 'the same',
      },
    },
  ),
  added(
    'added NOT NULL with a binary JSON default',
    { type: 'jsonb', default: { tags: ['a'], size: 2 } },
    { not: { mariadb: 'it has no such type', mysql: 'it has no such type' } },
  ),
  added('added NOT NULL with a JSON expression as default', {
    type: 'json',
    default: () => `('{"tags":["a"],"size":2}')`,
  }),
  {
    title: 'embedded renamed',
    before: { columns: {}, decorate: embedded('home') },
    after: {
      columns: {},
      decorate: embedded('residence'),
      options: { renamed: { homeStreet: 'residence.street', homeFloor: 'residence.floor' } },
    },
    rows: [{ home: { street: 'Elm', floor: 1 } }, { home: { street: 'Oak', floor: 2 } }],
  },
  {
    title: 'join column renamed',
    before: { columns: {}, decorate: parent('parent_id') },
    after: { columns: {}, decorate: parent('origin_id'), options: { renamed: { parent_id: 'origin_id' } } },
    rows: [{ parent: { id: 1 } }, { parent: { id: 2 } }],
  },
  {
    title: 'one-to-many turned into many-to-many',
    before: { columns: {}, decorate: constrainedParent },
    after: { columns: {}, decorate: parents },
    rows: [{ parent: { id: 1 } }, { parent: { id: 2 } }],
    dropsRelation: true,
  },
  {
    title: 'column leaves the key',
    before: { columns: {}, keyPart: { part: 1 } },
    after: { columns: { part: { type: 'int' } } },
    rows: [{}, {}],
  },
  {
    title: 'column of the key dropped',
    before: { columns: {}, keyPart: { part: 1 } },
    after: { columns: {} },
    rows: [{}, {}],
    oneWay: 'the column would come back NOT NULL without a value',
  },
  {
    title: 'not audited for a while',
    before: { columns: { c: text(20), d: int } },
    unaudited: { columns: { c: text(20), e: { type: 'int', default: 7 } } },
    after: { columns: { c: text(20), e: { type: 'int', default: 7 } } },
    rows: [
      { c: 'one', d: 1 },
      { c: 'two', d: 2 },
    ],
  },
  change('no longer masked', { ...text(20), masked: true } as ColumnOptions, text(20), ['one', 'two']),
  change(
    'another collation',
    { ...text(20), collation: 'C' },
    { ...text(20), collation: 'en-x-icu' },
    ['Né', 'né'],
    { not: NO_COLLATIONS },
  ),
];
