import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  ChildEntity,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  RelationId,
  TableInheritance,
  UpdateDateColumn,
  VersionColumn,
  VirtualColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { RevisionId } from '../../../src/audited/decorators/revision-id.decorator.js';
import { type TimeTravel } from '../../../src/history/time-travel/time-travel.js';

/** Not audited: read as it is now. */
@Entity()
export class City {
  @PrimaryColumn() code: string;
  @Column() name: string;
}

class Contact {
  @Column({ nullable: true, type: 'varchar' }) phone: string | null;
  @ManyToOne(() => City, { nullable: true }) city: City | null;
}

class Period {
  @Column() arrival: string;
  @Column() nights: number;
  @Column(() => Contact) contact: Contact;
}

@Audited()
@Entity()
export class Room {
  @PrimaryColumn() number: number;
  @Column() name: string;
  @ManyToMany(() => Reservation, (reservation) => reservation.rooms) reservations: Reservation[];
}

@Audited()
@Entity()
export class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @OneToMany(() => Reservation, (reservation) => reservation.guest) reservations: Reservation[];
  @OneToOne(() => Card, (card) => card.guest) card: Card | null;
  @ManyToMany(() => Guest, (guest) => guest.knownBy) @JoinTable({ name: 'acquaintance' }) knows: Guest[];
  @ManyToMany(() => Guest, (guest) => guest.knows) knownBy: Guest[];
}

@Audited()
@Entity({ name: 'order' })
export class Card {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({ name: 'select' }) number: string;
  @OneToOne(() => Guest, (guest) => guest.card) @JoinColumn() guest: Guest;
}

@Audited()
@Entity()
export class Reservation {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @Column({ nullable: true, type: 'varchar' }) note: string | null;
  @Column({ type: 'decimal', precision: 10, scale: 2, transformer: { to: String, from: Number } })
  total: number;
  @Column('simple-array') wishes: string[];
  @Column('simple-json', { nullable: true }) extras: { breakfast: boolean } | null;
  @Column({ default: 'secret', select: false }) pin: string;
  @NotAudited() @Column({ nullable: true, type: 'int' }) views: number | null;
  @Column(() => Period) stay: Period;
  @ManyToOne(() => Guest, (guest) => guest.reservations, { eager: true, nullable: true })
  @JoinColumn({ name: 'guest_fk' })
  guest: Guest | null;
  @ManyToOne(() => Guest) payer: Promise<Guest | null>;
  @ManyToOne(() => Reservation, (reservation) => reservation.changes) changeOf: Reservation | null;
  @OneToMany(() => Reservation, (reservation) => reservation.changeOf) changes: Promise<Reservation[]>;
  @ManyToMany(() => Room, (room) => room.reservations) @JoinTable() rooms: Room[];
  @OneToMany(() => Line, (line) => line.reservation) lines: Line[];
  @RelationId((reservation: Reservation) => reservation.rooms) roomNumbers: number[];
  @VirtualColumn({ query: (alias) => `SELECT count(*) FROM line WHERE line.reservation_fk = ${alias}.id` })
  lineCount: number;
  @CreateDateColumn() createdAt: Date;
  @UpdateDateColumn() updatedAt: Date;
  @VersionColumn() version: number;
  @DeleteDateColumn() deletedAt: Date | null;
  @RevisionId() revisionId: string | null;
}

@Audited()
@Entity()
export class Line {
  @ManyToOne(() => Reservation, (reservation) => reservation.lines)
  @JoinColumn({ name: 'reservation_fk' })
  reservation: Reservation;
  @PrimaryColumn({ name: 'reservation_fk' }) reservationId: number;
  @PrimaryColumn() number: number;
  @Column() text: string;
  @OneToMany(() => Discount, (discount) => discount.line) discounts: Discount[];
}

/** With a key that is a relation to a composite key. */
@Audited()
@Entity()
export class Discount {
  @PrimaryGeneratedColumn() id: number;
  @Column() percent: number;
  @ManyToOne(() => Line, (line) => line.discounts) line: Line | null;
}

@Audited()
@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Payment {
  @PrimaryGeneratedColumn() id: number;
  @Column() amount: number;
  @ManyToOne(() => Reservation) reservation: Reservation;
}

@ChildEntity()
export class CardPayment extends Payment {
  @ManyToOne(() => Card) card: Card;
  @Column() approval: string;
}

@ChildEntity()
export class CashPayment extends Payment {
  @Column({ nullable: true, type: 'varchar' }) till: string | null;
}

export const hotel = [
  City,
  Room,
  Guest,
  Card,
  Reservation,
  Line,
  Discount,
  Payment,
  CardPayment,
  CashPayment,
];

/** What reads are made of: a manager of the present, or a time travel. */
export type Reader = Pick<
  TimeTravel,
  | 'find'
  | 'findBy'
  | 'findOne'
  | 'findOneBy'
  | 'findOneOrFail'
  | 'findAndCount'
  | 'count'
  | 'exists'
  | 'createQueryBuilder'
  | 'getRepository'
  | 'withRepository'
>;
