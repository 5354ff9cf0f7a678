import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  DataSource,
  type DataSourceOptions,
  DefaultNamingStrategy,
  Entity,
  JoinTable,
  ManyToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import '../../../src/audited/audit-plans.js';
import { AuditConfigurationError, UnsupportedDriverError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { type AuditedOptions } from '../../../src/audited/marks/audited-options.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { RevisionId } from '../../../src/audited/decorators/revision-id.decorator.js';

class Row {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@Audited()
@ViewEntity({ expression: 'SELECT 1 AS id' })
class OnlyRead {
  @ViewColumn() id: number;
}

@Audited()
@Entity()
class Keyless {
  @Column() name: string;
}

@Audited()
@Entity()
class OwnRevision extends Row {
  @Column() rev_no: number;
}

@Audited()
@Entity()
class LoudRevision extends Row {
  @Column({ name: 'REV_No' }) no: number;
}

@Audited()
@Entity()
class OwnVersion extends Row {
  @Column({ name: 'version' }) revVersion: number;
}

class Context {
  @Column() text: string;
}

@Audited()
@Entity()
class OwnContext extends Row {
  @Column(() => Context, { prefix: false }) revContext: Context;
}

@Audited({ exclude: ['nmae'] })
@Entity()
class Misspelt extends Row {}

@Audited({ exclude: ['id'] })
@Entity()
class KeyExcluded extends Row {}

@Audited()
@Entity()
class KeyNotAudited {
  @NotAudited() @PrimaryColumn() id: number;
}

class Place {
  @PrimaryColumn() x: number;
}

@Audited({ exclude: ['place'] })
@Entity()
class EmbeddedKeyExcluded {
  @Column(() => Place) place: Place;
}

@Audited()
@Entity()
class TwoRevisionIds extends Row {
  @RevisionId() first: string | null;
  @RevisionId() second: string | null;
}

@Audited({ tableName: 'history' })
@Entity()
class OneTable extends Row {}

@Audited({ tableName: 'history' })
@Entity()
class SameTable extends Row {}

@Audited({ tableName: 'plain' })
@Entity()
class TakenTable extends Row {}

@Entity()
class Plain extends Row {}

@Audited({ tableName: 'plain_to_plain_rev' })
@Entity()
class Relating extends Row {
  @ManyToMany(() => Plain) @JoinTable({ name: 'plain_to_plain' }) plains: Plain[];
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'type' } })
class Parent extends Row {}

@Audited()
@ChildEntity()
class AuditedChild extends Parent {}

@Audited()
@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'type' } })
class AuditedParent extends Row {}

@Audited({ exclude: ['name'] })
@ChildEntity()
class ChildWithOptions extends AuditedParent {}

@Audited()
@Entity()
class Audible extends Row {}

class Shouting extends DefaultNamingStrategy {
  override columnName(property: string, given: string, prefixes: string[]): string {
    return super.columnName(property, given, prefixes).toUpperCase();
  }
}

class Stammering extends DefaultNamingStrategy {
  override columnName(property: string, given: string, prefixes: string[]): string {
    return property.startsWith('rev') ? super.columnName(property, given, prefixes) : `${property}_${given}`;
  }
}

let dataSource: DataSource | undefined;
afterEach(async () => {
  if (dataSource?.isInitialized) await dataSource.destroy();
});

// The tables are refused before the database is asked anything.
function start(options: Partial<DataSourceOptions>): Promise<unknown> {
  dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    ...options,
  } as DataSourceOptions);
  return dataSource.initialize();
}

describe('An entity', () => {
  it.each([
    [[OnlyRead], /OnlyRead is a view/],
    [[OwnRevision], /OwnRevision\.rev_no is the column "rev_no"/],
    [[LoudRevision], /LoudRevision\.no is the column "REV_No"/],
    [[OwnVersion], /OwnVersion\.revVersion can't be copied/],
    [[OwnContext], /OwnContext\.revContext\.text can't be copied/],
    [[Misspelt], /exclude.* of Misspelt must name its properties, got "nmae".* They are id, name\./],
    [[KeyExcluded], /KeyExcluded\.id is part of the primary key/],
    [[KeyNotAudited], /KeyNotAudited\.id is part of the primary key/],
    [[EmbeddedKeyExcluded], /EmbeddedKeyExcluded\.place\.x is part of the primary key/],
    [[TwoRevisionIds], /TwoRevisionIds has @RevisionId\(\) on first and on second/],
    [[OneTable, SameTable], /SameTable would be "history", which is the table of the revisions of OneTable/],
    [[TakenTable, Plain], /TakenTable would be "plain", which is the table of Plain/],
    [[Relating, Plain], /plain_to_plain_rev", which is the table of the revisions of Relating.*@JoinTable/],
    [
      [Parent, AuditedChild],
      /AuditedChild shares the table of Parent.*Put @Audited\(\) and its options on Parent/,
    ],
    [[AuditedParent, ChildWithOptions], /ChildWithOptions shares the table of AuditedParent/],
  ])('is refused with its name and the remedy: %p', async (entities, message) => {
    const refusal = start({ entities });
    await expect(refusal).rejects.toThrow(AuditConfigurationError);
    await expect(refusal).rejects.toThrow(message);
  });

  it.each([
    [{ exlude: ['name'] }, 'exlude', 'is unknown. Known are name, tableName, exclude, quiet,'],
    [{ name: ' ' }, 'name', "must be a string of 1 or more characters, got ' '."],
    [{ tableName: 7 }, 'tableName', 'must be a string of 1 or more characters, got 7.'],
    [
      { exclude: 'name' },
      'exclude',
      "must be an array of property paths such as ['address.city'], got 'name'.",
    ],
    [{ quiet: [7] }, 'quiet', "must be an array of property paths such as ['address.city'], got [ 7 ]."],
    [{ deletedState: 'lst' }, 'deletedState', "must be 'null' or 'last', got 'lst'."],
    [{ indexes: true }, 'indexes', "must be 'none' or 'copy', got true."],
    [{ baseline: 'never' }, 'baseline', "must be 'first-write' or 'none', got 'never'."],
    [{ when: true }, 'when', 'must be a function of a write, got true.'],
    [{ requireActor: 'yes' }, 'requireActor', "must be true or false, got 'yes'."],
    [{ requireReason: 1 }, 'requireReason', 'must be true or false, got 1.'],
    [{ renamed: [] }, 'renamed', "must be an object such as { oldColumn: 'property' }, got []."],
    [{ dropped: null }, 'dropped', "must be an object such as { column: 'drop' }, got null."],
  ])('is refused with a wrong option: %p', async (options, option, problem) => {
    @Audited(options as AuditedOptions)
    @Entity()
    class Mistaken extends Row {}
    const refusal = start({ entities: [Mistaken] });
    await expect(refusal).rejects.toThrow(AuditConfigurationError);
    await expect(refusal).rejects.toThrow(`@Audited({ ${option} }) of Mistaken ${problem}`);
  });

  it('without a primary key is refused by TypeORM', async () => {
    await expect(start({ entities: [Keyless] })).rejects.toThrow(/"Keyless" does not have a primary column/);
  });

  it.each([
    [new Shouting(), /makes "REV_ID" of the column "rev_id" in audible_rev, the revisions of Audible/],
    [new Stammering(), /makes "id_id_undefined" of the column "id_undefined" in audible_rev/],
  ])('is refused with a naming strategy that renames given columns: %p', async (namingStrategy, message) => {
    const refusal = start({ entities: [Audible], namingStrategy });
    await expect(refusal).rejects.toThrow(AuditConfigurationError);
    await expect(refusal).rejects.toThrow(message);
  });

  it('is refused with a driver that revisions can’t be written with', async () => {
    const connection = { runAsync: () => Promise.resolve(), closeAsync: () => Promise.resolve() };
    const driver = { openDatabaseAsync: () => Promise.resolve(connection) };
    const refusal = start({ type: 'expo', driver, entities: [Audible] } as never);
    await expect(refusal).rejects.toThrow(UnsupportedDriverError);
    await expect(refusal).rejects.toThrow(/Audible is audited, but the "expo" driver is not supported/);
    await expect(start({ type: 'expo', driver, entities: [Plain] } as never)).resolves.toBe(dataSource);
  });
});
