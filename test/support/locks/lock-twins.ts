import { afterAll, beforeAll, describe } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { attachCapture } from '../../../src/capture/attach-capture.js';
import { AuditContext } from '../../../src/context/audit-context.js';
import { createDatabase, type DatabaseName, databasesOfThisRun } from '../servers/databases.js';

@Audited()
@Entity()
export class Seat {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) number: number;
  @Column({ default: 0 }) taken: number;
  @Column({ default: '' }) row: string;
  @DeleteDateColumn() removedAt: Date | null;
}

@Audited({ deletedState: 'last' })
@Entity()
export class Guest {
  @PrimaryColumn({ type: 'varchar', length: 36 }) id: string;
  @Column({ unique: true }) number: number;
  @Column({ default: 0 }) taken: number;
}

@Audited()
@Entity()
export class Booking {
  @PrimaryGeneratedColumn() id: number;
  @Column({ nullable: true }) seatId: number | null;
  @ManyToOne(() => Seat, { onDelete: 'SET NULL' }) @JoinColumn({ name: 'seatId' }) seat: Seat | null;
}

export const ISOLATIONS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** Two databases with the same rows, of which one is audited. */
export interface Twins {
  readonly audited: DataSource;
  readonly plain: DataSource;
  close(): Promise<void>;
}

/** The databases of this run whose connections can wait for each other. */
export const lockingDatabases = databasesOfThisRun().filter((name) => name !== 'sqlite');

export const SEATS = 10;

/** Has tests run on twins of each database that locks rows; they are opened before the tests. */
export function describeLockTwins(
  title: string,
  body: (twins: () => Twins, name: DatabaseName) => void,
  connections?: number,
): void {
  const each =
    lockingDatabases.length > 0 ? describe.each(lockingDatabases) : describe.skip.each(['no server']);
  each(`${title} (%s)`, (name) => {
    let twins: Twins;
    beforeAll(async () => {
      twins = await openTwins(name as DatabaseName, connections);
    });
    afterAll(() => twins?.close());
    body(() => twins, name as DatabaseName);
  });
}

/** @param prepare what is done to each before it is audited, and before its connections are used */
export async function openTwins(
  name: DatabaseName,
  connections = 12,
  prepare?: (dataSource: DataSource) => Promise<void>,
): Promise<Twins> {
  const audited = await open(name, connections);
  const plain = await open(name, connections);
  for (const { dataSource } of [audited, plain]) await prepare?.(dataSource);
  attachCapture(audited.dataSource, {}, new AuditContext());
  for (const { dataSource } of [audited, plain]) await fill(dataSource.manager);
  return {
    audited: audited.dataSource,
    plain: plain.dataSource,
    close: async () => {
      for (const { dataSource, drop } of [audited, plain]) {
        await dataSource.destroy();
        await drop();
      }
    },
  };
}

async function open(
  name: DatabaseName,
  connections: number,
): Promise<{ dataSource: DataSource; drop: () => Promise<void> }> {
  const database = await createDatabase(name);
  const dataSource = new DataSource({
    ...database.options,
    ...(name === 'postgres' ? { poolSize: connections } : { extra: { connectionLimit: connections } }),
    entities: [Seat, Guest, Booking],
    synchronize: true,
  } as DataSourceOptions);
  await dataSource.initialize();
  return { dataSource, drop: () => database.drop() };
}

async function fill(manager: EntityManager): Promise<void> {
  const numbers = Array.from({ length: SEATS }, (_, n) => n + 1);
  for (const number of numbers) await manager.insert(Seat, { number: number * 10, row: `r${number}` });
  for (const number of numbers) await manager.insert(Guest, { id: randomUUID(), number: number * 10 });
  await manager.insert(Booking, { seatId: 5 });
}
