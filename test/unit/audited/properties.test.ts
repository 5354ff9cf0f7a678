import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  type DataSource,
  Entity,
  type EntityMetadata,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
  VirtualColumn,
} from 'typeorm';
import { AuditConfigurationError } from '../../../src/audit.errors.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { RevisionId } from '../../../src/audited/decorators/revision-id.decorator.js';
import { assertMasks, columnMasks, keptInClear } from '../../../src/audited/masks/masks.js';
import {
  excludedPaths,
  isWithin,
  prefixesOf,
  propertyOf,
  propertyPaths,
  revisionIdColumns,
  tableColumns,
} from '../../../src/audited/marks/properties.js';
import { Guest } from '../../support/entities/guest.js';
import { withMetadata } from '../with-metadata.js';

class Card {
  @Masked('hash') @Column() number: string;
  @Column() year: number;
  @NotAudited() @Column() scans: number;
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Person {
  @PrimaryGeneratedColumn() id: number;
  @Masked() @Column() name: string;
  @Column(() => Card) card: Card;
  @Masked() @Column(() => Card) spare: Card;
  @Masked('hash') @ManyToOne(() => Guest) @JoinColumn({ name: 'host_fk' }) host: Guest;
  @NotAudited() @ManyToOne(() => Guest) @JoinColumn({ name: 'payer_fk' }) payer: Guest;
  @RevisionId() revisionId: string | null;
  @VirtualColumn({ query: () => 'SELECT 1' }) one: number;
}

@ChildEntity()
class Member extends Person {
  @Masked(false) declare name: string;
  @NotAudited() @Column() visits: number;
}

@Entity()
class MaskedKey {
  @Masked() @PrimaryGeneratedColumn() id: number;
}

@Entity()
class MaskedNothing {
  @PrimaryGeneratedColumn() id: number;
  @Masked() nick: string;
}

let dataSource: DataSource;
let person: EntityMetadata;
let member: EntityMetadata;
beforeAll(async () => {
  dataSource = await withMetadata([Guest, Person, Member, MaskedKey, MaskedNothing]);
  person = dataSource.getMetadata(Person);
  member = dataSource.getMetadata(Member);
});

const columnNamed = ({ columns }: EntityMetadata, path: string) =>
  columns.find((column) => propertyOf(column).propertyPath === path)!;

describe('the properties of an entity', () => {
  it('prefixesOf lists a path and what it is in', () => {
    expect(prefixesOf('a')).toEqual(['a']);
    expect(prefixesOf('a.b.c')).toEqual(['a', 'a.b', 'a.b.c']);
  });

  it('isWithin finds a property and what is in an embedded, and not what begins alike', () => {
    const paths = new Set(['card', 'name']);
    const is = (propertyPath: string) => isWithin(paths, { propertyPath });
    expect([is('card'), is('card.number'), is('name')]).toEqual([true, true, true]);
    expect([is('cards'), is('cards.number'), is('id'), is('spare.card')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(isWithin(new Set(), { propertyPath: 'card' })).toBe(false);
  });

  it('propertyOf names a join column by its relation', () => {
    const host = person.columns.find(({ databaseName }) => databaseName === 'host_fk')!;
    expect(propertyOf(host).propertyPath).toBe('host');
    expect(propertyOf(columnNamed(person, 'card.year')).propertyPath).toBe('card.year');
  });

  it('propertyPaths has columns and relations, each once', () => {
    const paths = propertyPaths(person);
    expect(paths).toEqual(
      expect.arrayContaining(['id', 'name', 'card.number', 'spare.year', 'host', 'payer']),
    );
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('tableColumns leaves out what is a query', () => {
    expect(person.columns.map(({ propertyName }) => propertyName)).toContain('one');
    expect(tableColumns(person).map(({ propertyName }) => propertyName)).not.toContain('one');
  });

  it('excludedPaths has what is marked, in embeddeds and by a child too, and what the options name', () => {
    expect([...excludedPaths(member, { exclude: ['host'] })].sort()).toEqual([
      'card.scans',
      'host',
      'payer',
      'spare.scans',
      'visits',
    ]);
  });

  it('revisionIdColumns has the column of a @RevisionId()', () => {
    expect(revisionIdColumns(person).map(({ propertyName }) => propertyName)).toEqual(['revisionId']);
    expect(revisionIdColumns(dataSource.getMetadata(Guest))).toEqual([]);
  });
});

describe('the masks of an entity', () => {
  const masksOf = (metadata: EntityMetadata) =>
    Object.fromEntries(
      [...columnMasks(metadata)].map(([column, mask]) => [propertyOf(column).propertyPath, mask]),
    );

  it('are those of its properties, of what is embedded, and of its join columns', () => {
    expect(masksOf(person)).toEqual({
      name: 'redact',
      'card.number': 'hash',
      'spare.number': 'redact',
      'spare.year': 'redact',
      'spare.scans': 'redact',
      host: 'hash',
    });
  });

  it('are those of a child before those of its parent', () => {
    expect(masksOf(member)).not.toHaveProperty('name');
    expect(masksOf(member)).toMatchObject({ host: 'hash' });
    expect(keptInClear(member, columnNamed(member, 'name'))).toBe(true);
    expect(keptInClear(person, columnNamed(person, 'name'))).toBe(false);
    expect(keptInClear(person, columnNamed(person, 'id'))).toBe(false);
  });

  it('are none where nothing is marked', () => {
    expect(columnMasks(dataSource.getMetadata(Guest)).size).toBe(0);
  });

  it('are refused on a key, and on what has no column', () => {
    expect(() => assertMasks(person)).not.toThrow();
    for (const [target, property] of [
      [MaskedKey, 'MaskedKey.id'],
      [MaskedNothing, 'MaskedNothing.nick'],
    ] as const) {
      const assert = () => assertMasks(dataSource.getMetadata(target));
      expect(assert).toThrow(AuditConfigurationError);
      expect(assert).toThrow(property);
    }
  });
});
