import { afterEach, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  DefaultNamingStrategy,
  Entity,
  type EntityOptions,
  EntitySchema,
  JoinTable,
  ManyToMany,
  ManyToOne,
  type NamingStrategyInterface,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { snakeCase } from 'typeorm/util/StringUtils.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { createDatabase, type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import {
  type AuditedDatabase,
  expectMigratable,
  expectRecorded,
  openAudited,
  pendingMigration,
} from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

class Spot {
  @Column() seatRow: number;
}

@Audited()
@Entity()
class Guest {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({ nullable: true }) fullName: string;
}

@Audited()
@Entity()
class TableBooking {
  @PrimaryGeneratedColumn() id: number;
  @Column(() => Spot) spot: Spot;
  @Column(() => Spot, { prefix: false }) bare: Spot;
  @ManyToOne(() => Guest) bookedBy: Guest;
  @ManyToMany(() => Guest) @JoinTable() otherGuests: Guest[];
}

const namedOnly = new EntitySchema<{ id: number; value: number }>({
  name: 'NamedOnly',
  columns: { id: { type: Number, primary: true, generated: 'increment' }, value: { type: Number } },
});
Audited()(namedOnly);

@Audited()
@Entity('a'.repeat(60))
class Long {
  @PrimaryGeneratedColumn() id: number;
}

/** A class of its own for each place where its table can be. */
function payrollIn(place: EntityOptions): new () => object {
  @Audited()
  @Entity('payroll', place)
  class Payroll {
    @PrimaryGeneratedColumn() id: number;
    @Column({ type: 'simple-enum', enum: ['open', 'paid'] }) state: string;
    @ManyToMany(() => Payroll) @JoinTable({ name: 'payroll_links' }) links: Payroll[];
  }
  return Payroll;
}

/** As most applications that have one write it. */
class Snakes extends DefaultNamingStrategy implements NamingStrategyInterface {
  override tableName(className: string, given: string | undefined): string {
    return given ?? `${snakeCase(className)}s`;
  }
  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return snakeCase(prefixes.concat('').join('_')) + (given ?? snakeCase(property));
  }
  override joinColumnName(relation: string, referenced: string): string {
    return snakeCase(`${relation}_${referenced}`);
  }
  override joinTableName(first: string, second: string, property: string): string {
    return snakeCase(`${first}_${property.replaceAll('.', '_')}_${second}`);
  }
  override joinTableColumnName(table: string, property: string, column?: string): string {
    return snakeCase(`${table}_${column ?? property}`);
  }
}

/** The usual way to give all tables of an application a prefix. */
class Acme extends Snakes {
  override tableName(className: string, given: string | undefined): string {
    return `acme_${super.tableName(className, given)}`;
  }
}

class LoudAcme extends Acme {
  override tableName(className: string, given: string | undefined): string {
    return super.tableName(className, given).toUpperCase();
  }
}

/** Has no prefix, and makes other names of given names too. */
class Plurals extends Snakes {
  override tableName(className: string, given: string | undefined): string {
    return `${given ?? snakeCase(className)}s`;
  }
}

@Audited({ tableName: 'past_halls' })
@Entity()
class Hall {
  @PrimaryGeneratedColumn() id: number;
}

const otherDriver = {
  sqlite: { type: 'sqljs', database: undefined },
  // With it TypeORM finds differences in every nullable and json column of MariaDB, so there are no migrations.
  mariadb: { type: 'mysql' },
  postgres: {},
  mysql: {},
} as Record<DatabaseName, Partial<DataSourceOptions>>;

const booking = {
  spot: { seatRow: 1 },
  bare: { seatRow: 2 },
};

describeDatabases('A data source', (name) => {
  let audited: AuditedDatabase | undefined;
  afterEach(async () => {
    await audited?.close();
    audited = undefined;
  });
  const revisionTables = (dataSource: DataSource): string[] =>
    auditPlansOf(dataSource)
      .all.map(({ revision }) => revision.tablePath)
      .sort();
  const open = async (options: Partial<DataSourceOptions>, prepare: string[] = []): Promise<DataSource> => {
    audited = await openAudited(name, { entities: [Guest, TableBooking], synchronize: false, ...options });
    for (const statement of prepare) await audited.dataSource.query(statement);
    await expectMigratable(audited.dataSource);
    return audited.dataSource;
  };
  const expectBookings = async (dataSource: DataSource): Promise<void> => {
    const [first, second] = await dataSource
      .getRepository(Guest)
      .save([{ fullName: 'A' }, { fullName: 'B' }]);
    await expectRecorded(dataSource, TableBooking, [
      { ...booking, bookedBy: first, otherGuests: [second] },
      { spot: { seatRow: 3 } },
      { bookedBy: second, otherGuests: [first] },
    ]);
    await expectInvariants(dataSource);
  };

  it('finds its audited entities by a glob, schemas too', async () => {
    const dataSource = await open({
      entities: [`${import.meta.dirname}/../../support/entities/globbed/*.ts`],
    });
    expect(revisionTables(dataSource)).toEqual(['found_class_rev', 'found_schema_rev']);
    for (const target of ['FoundClass', 'FoundSchema'])
      await expectRecorded(dataSource, target, [{ value: 1 }, { value: 2 }]);
  });

  it('of Nest finds them by autoLoadEntities', async () => {
    const database = await createDatabase(name);
    const app = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...database.options, autoLoadEntities: true, synchronize: true }),
        TypeOrmModule.forFeature([Guest, TableBooking, namedOnly]),
      ],
    }).compile();
    try {
      const dataSource = app.get(DataSource);
      expect(revisionTables(dataSource)).toEqual([
        'guest_rev',
        'named_only_rev',
        'table_booking_other_guests_guest_rev',
        'table_booking_rev',
      ]);
      expect(await pendingMigration(dataSource)).toEqual([]);
    } finally {
      await app.close();
      await database.drop();
    }
  });

  it('has its own revisions of an entity that another one has too', async () => {
    const dataSource = await open({ entities: [Guest] });
    const other = await openAudited(name, { entities: [Guest, TableBooking], entityPrefix: 'other_' });
    try {
      await expectRecorded(dataSource, Guest, [{ fullName: 'A' }, { fullName: 'B' }]);
      await expectBookings(other.dataSource);
      expect(revisionTables(dataSource)).toEqual(['guest_rev']);
      await expectInvariants(dataSource);
    } finally {
      await other.close();
    }
  });

  it('of the database’s other driver has the same', async () => {
    audited = await openAudited(name, { entities: [Guest, TableBooking], ...otherDriver[name] });
    const { dataSource } = audited;
    expect(revisionTables(dataSource)).toEqual([
      'guest_rev',
      'table_booking_other_guests_guest_rev',
      'table_booking_rev',
    ]);
    await expectBookings(dataSource);
  });

  it('with an entityPrefix puts it in front of the revision tables', async () => {
    const dataSource = await open({ entityPrefix: 'app_' });
    expect(revisionTables(dataSource)).toEqual([
      'app_guest_rev',
      'app_table_booking_other_guests_guest_rev',
      'app_table_booking_rev',
    ]);
    await expectBookings(dataSource);
  });

  it('with a naming strategy names the copied columns by it', async () => {
    const dataSource = await open({ namingStrategy: new Snakes() });
    expect(revisionTables(dataSource)).toEqual([
      'guests_rev',
      'table_bookings_other_guests_guests_rev',
      'table_bookings_rev',
    ]);
    const { columns } = auditPlansOf(dataSource).get(TableBooking);
    expect(columns.map(({ copy, propertyPath }) => `${propertyPath} ${copy.databaseName}`)).toEqual([
      'id id',
      'booked_by_id booked_by_id',
      'spot.seatRow spot_seat_row',
      'bare.seatRow seat_row',
    ]);
    await expectBookings(dataSource);
  });

  it('with a naming strategy that prefixes every table has the prefix once', async () => {
    const entities = [Guest, TableBooking, Hall, namedOnly];
    const dataSource = await open({ entities, namingStrategy: new Acme(), entityPrefix: 'app_' });
    expect(revisionTables(dataSource)).toEqual([
      'app_acme_acme_table_bookings_other_guests_acme_guests_rev',
      'app_acme_guests_rev',
      'app_acme_named_onlys_rev',
      'app_acme_past_halls',
      'app_acme_table_bookings_rev',
    ]);
    expect(auditPlansOf(dataSource).own!.maintenance.tablePath).toBe('app_acme_audit_maintenance');
    for (const { metadata, revision } of auditPlansOf(dataSource).all)
      if (metadata.name !== 'Hall') expect(revision.tableName).toBe(`${metadata.tableName}_rev`);
    await expectBookings(dataSource);
  });

  it.each([
    [new LoudAcme(), 'ACME_GUESTS_REV'],
    [new Plurals(), 'guests_revs'],
    [new Snakes(), 'guests_rev'],
  ])('with a naming strategy that changes given names keeps its way: %#', async (namingStrategy, table) => {
    const dataSource = await open({ entities: [Guest], namingStrategy });
    expect(revisionTables(dataSource)).toEqual([table]);
    await expectRecorded(dataSource, Guest, [{ fullName: 'A' }, { fullName: 'B' }]);
  });

  it('refuses a name that the database would cut off', async () => {
    const start = openAudited(name, { entities: [Long] });
    if (name === 'sqlite') {
      audited = await start;
      await expectRecorded(audited.dataSource, Long, [{}]);
    } else
      await expect(start).rejects.toThrow(
        /Long would be "a{60}_rev", which is longer than the 63 characters/,
      );
  });

  it('puts revision tables into the schema or database of theirs', async () => {
    const place = await somewhereElse(name);
    const Payroll = payrollIn(place.entity);
    try {
      const dataSource = await open({ entities: [Payroll] }, place.prepare);
      expect(revisionTables(dataSource)).toEqual(place.tables);
      const [first] = await dataSource.getRepository(Payroll).save([{ state: 'open', links: [] }]);
      await expectRecorded(dataSource, Payroll, [
        { state: 'open', links: [first] },
        { state: 'paid', links: [] },
      ]);
      await expectInvariants(dataSource);
    } finally {
      await place.drop?.();
    }
  });
});

interface Place {
  entity: EntityOptions;
  /** A migration generated by TypeORM creates no schema. */
  prepare?: string[];
  tables: string[];
  drop?(): Promise<void>;
}

async function somewhereElse(name: DatabaseName): Promise<Place> {
  if (name === 'sqlite') return { entity: {}, tables: ['payroll_links_rev', 'payroll_rev'] };
  if (name === 'postgres')
    return {
      entity: { schema: 'hr' },
      prepare: ['CREATE SCHEMA hr'],
      tables: ['hr.payroll_links_rev', 'hr.payroll_rev'],
    };
  const other = await createDatabase(name);
  const database = other.options.database as string;
  return {
    entity: { database },
    tables: [`${database}.payroll_links_rev`, `${database}.payroll_rev`],
    drop: () => other.drop(),
  };
}
