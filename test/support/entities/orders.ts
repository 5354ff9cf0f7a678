import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';

@Audited({ label: 'name' })
@Entity()
export class Client {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 40 }) name: string;
}

@Audited({ label: (depot: Depot) => depot.title && `the depot in ${depot.title}` })
@Entity()
export class Depot {
  @PrimaryColumn({ length: 2 }) country: string;
  @PrimaryColumn() place: number;
  @Column({ length: 40, nullable: true, type: 'varchar' }) title: string | null;
}

@Entity()
export class Channel {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 40 }) name: string;
}

@Audited({ label: 'text' })
@Entity()
export class Sticker {
  @PrimaryColumn({ length: 10 }) code: string;
  @Column({ length: 40 }) text: string;
}

export class Delivery {
  @Column({ length: 40, nullable: true, type: 'varchar' }) city: string | null;
  @Column({ type: 'date', nullable: true }) day: string | null;
}

/** An enum, a decimal, an embedded, json, a masked column, and references of all kinds. */
@Audited()
@Entity()
export class SalesOrder {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'simple-enum', enum: ['open', 'paid', 'cancelled'], default: 'open' }) status: string;
  @Column({ type: 'decimal', precision: 12, scale: 2, nullable: true }) total: string | null;
  @Column({ type: 'boolean', nullable: true }) isGift: boolean | null;
  @Column({ type: 'simple-json', nullable: true }) wishes: object | null;
  @Column({ type: 'varchar', length: 400, nullable: true }) note: string | null;
  @Masked((column) => `substr(${column}, 1, 1)`)
  @Column({ type: 'varchar', length: 20, nullable: true })
  card: string | null;
  @Column(() => Delivery) delivery: Delivery;
  @ManyToOne(() => Client, { nullable: true, createForeignKeyConstraints: false })
  client: Client | null;
  @ManyToOne(() => Depot, { nullable: true, createForeignKeyConstraints: false })
  @JoinColumn([
    { name: 'depot_place', referencedColumnName: 'place' },
    { name: 'depot_country', referencedColumnName: 'country' },
  ])
  depot: Depot | null;
  @ManyToOne(() => Channel, { nullable: true }) channel: Channel | null;
  @ManyToMany(() => Sticker) @JoinTable({ name: 'order_stickers' }) stickers: Sticker[];
  @UpdateDateColumn() updatedAt: Date;
  @VersionColumn() version: number;
  @DeleteDateColumn() deletedAt: Date | null;
}

export const orderEntities = [SalesOrder, Client, Depot, Channel, Sticker];
