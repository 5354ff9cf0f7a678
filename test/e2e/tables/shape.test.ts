import { afterEach, expect, it } from '@jest/globals';
import {
  Check,
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { tableShape } from '../../support/assertions/table-shape.js';

@Entity()
class Guest {
  @PrimaryGeneratedColumn('uuid') id: string;
}

class ReservationColumns {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true, length: 20 }) code: string;
  @Column({ type: 'int', default: 2 }) party: number;
  @Column({ type: 'decimal', precision: 10, scale: 2, name: 'price_total' }) priceTotal: string;
  @Column({ type: 'simple-enum', enum: ['open', 'paid'], default: 'open' }) state: string;
  @Column({ type: 'int', asExpression: 'party * 2', generatedType: 'STORED' }) seats: number;
  @Index() @Column({ type: 'varchar', nullable: true, select: false }) note: string | null;
  @CreateDateColumn() createdAt: Date;
  @UpdateDateColumn() updatedAt: Date;
  @DeleteDateColumn() deletedAt: Date | null;
  @VersionColumn() version: number;
  @ManyToOne(() => Guest, { nullable: false, onDelete: 'CASCADE' })
  @JoinColumn({ name: 'guest_fk' })
  guest: Guest;
}

@Audited()
@Entity('reservation')
@Check('party > 0')
@Index(['party', 'state'])
@Unique(['party', 'code'])
class PlainReservation extends ReservationColumns {}

@Audited({ indexes: 'copy' })
@Entity('reservation')
@Check('party > 0')
@Index(['party', 'state'])
@Unique(['party', 'code'])
class IndexedReservation extends ReservationColumns {
  @Index('by_hand', { synchronize: false }) declare version: number;
}

const columns: Record<DatabaseName, string[]> = {
  sqlite: [
    'rev_id varchar(36) not null',
    'rev_created double precision not null',
    'rev_isdelete boolean not null',
    'rev_version INTEGER not null',
    'rev_operation varchar(16) not null',
    'rev_actor varchar(255)',
    'rev_reason varchar(255)',
    'rev_transaction varchar(36) not null',
    'rev_context TEXT',
    'rev_shape smallint',
    'id INTEGER not null',
    'code varchar(20)',
    'party INTEGER',
    'price_total decimal(10,2)',
    'state varchar',
    'seats INTEGER',
    'note varchar',
    'createdAt datetime',
    'updatedAt datetime',
    'deletedAt datetime',
    'version INTEGER',
    'guest_fk varchar',
  ],
  postgres: [
    'rev_id uuid not null',
    'rev_created double precision not null',
    'rev_isdelete boolean not null',
    'rev_version integer not null',
    'rev_operation character varying(16) not null',
    'rev_actor character varying(255)',
    'rev_reason character varying(255)',
    'rev_transaction uuid not null',
    'rev_context jsonb',
    'rev_shape smallint',
    'id integer not null',
    'code character varying(20)',
    'party integer',
    'price_total numeric(10,2)',
    'state character varying',
    'seats integer',
    'note character varying',
    'createdAt timestamp without time zone',
    'updatedAt timestamp without time zone',
    'deletedAt timestamp without time zone',
    'version integer',
    'guest_fk uuid',
  ],
  mariadb: [
    'rev_id uuid not null',
    'rev_created double not null',
    'rev_isdelete tinyint(4) not null',
    'rev_version int(11) not null',
    'rev_operation varchar(16) not null',
    'rev_actor varchar(255)',
    'rev_reason varchar(255)',
    'rev_transaction uuid not null',
    'rev_context longtext',
    'rev_shape smallint(6)',
    'id int(11) not null',
    'code varchar(20)',
    'party int(11)',
    'price_total decimal(10,2)',
    'state varchar(255)',
    'seats int(11)',
    'note varchar(255)',
    'createdAt datetime(6)',
    'updatedAt datetime(6)',
    'deletedAt datetime(6)',
    'version int(11)',
    'guest_fk uuid',
  ],
  mysql: [
    'rev_id varchar(36) not null',
    'rev_created double not null',
    'rev_isdelete tinyint not null',
    'rev_version int not null',
    'rev_operation varchar(16) not null',
    'rev_actor varchar(255)',
    'rev_reason varchar(255)',
    'rev_transaction varchar(36) not null',
    'rev_context json',
    'rev_shape smallint',
    'id int not null',
    'code varchar(20)',
    'party int',
    'price_total decimal(10,2)',
    'state varchar(255)',
    'seats int',
    'note varchar(255)',
    'createdAt datetime(6)',
    'updatedAt datetime(6)',
    'deletedAt datetime(6)',
    'version int',
    'guest_fk varchar(36)',
  ],
};

const ownKeys = ['index (rev_transaction)', 'primary (rev_id)', 'unique (id, rev_version)'];
const copiedKeys = [
  'index (code)',
  'index (guest_fk)',
  'index (note)',
  'index (party, code)',
  'index (party, state)',
];

describeDatabases('The revision table', (name) => {
  let audited: AuditedDatabase;
  afterEach(() => audited?.close());

  it('has its own columns, then those of the audited table, bare of everything but their types', async () => {
    audited = await openAudited(name, { entities: [Guest, PlainReservation] });
    expect(await tableShape(audited.dataSource, 'reservation_rev')).toEqual({
      columns: columns[name],
      keys: ownKeys,
    });
  });

  it("with indexes: 'copy' also has the foreign-key and ordinary indexes", async () => {
    audited = await openAudited(name, { entities: [Guest, IndexedReservation] });
    expect(await tableShape(audited.dataSource, 'reservation_rev')).toEqual({
      columns: columns[name],
      keys: [...copiedKeys, ...ownKeys].sort(),
    });
  });
});
