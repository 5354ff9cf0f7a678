import { type Json, type ToOne } from 'nestjs-typeorm-audit';
import {
  BaseEntity,
  Column,
  Entity,
  EntitySchema,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

export class Place {
  @Column()
  lat: number;

  @Column()
  lng: number;
}

export class Address {
  @Column()
  street: string;

  @Column({ nullable: true })
  city: string | null;

  @Column(() => Place)
  place: Place;

  label(): string {
    return `${this.street}, ${this.city}`;
  }
}

@Entity()
export class Guest {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  name: string;

  @Column(() => Address)
  address: Address;

  @OneToMany(() => Order, (order) => order.guest)
  orders: Relation<Order>[];

  greet(): string {
    return `Dear ${this.name}`;
  }
}

@Entity()
export class Account extends BaseEntity {
  @PrimaryColumn()
  iban: string;
}

@Entity()
export class Country {
  @PrimaryColumn()
  code: string;
}

export class Money {
  constructor(readonly cents: number) {}

  plus({ cents }: Money): Money {
    return new Money(this.cents + cents);
  }
}

export enum Status {
  Open = 'open',
  Paid = 'paid',
}

@Entity()
export class Order {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  status: Status;

  @Column({ nullable: true })
  note: string | null;

  @Column()
  placedAt: Date;

  @Column()
  big: bigint;

  @Column()
  receipt: Buffer;

  @Column('simple-array')
  tags: string[];

  @Column('json')
  settings: Record<string, unknown>;

  @Column('json')
  anything: unknown;

  @Column('json')
  parcels: Json<{ sku: string; weight: number }[]>;

  @Column('json')
  source: Json<{ id: string }> | null;

  @Column('int')
  price: Money;

  @Column(() => Address)
  address: Address;

  @Column({ nullable: true })
  payerId: string | null;

  @ManyToOne(() => Account)
  payer: Relation<Account> | null;

  @ManyToOne(() => Guest)
  guest: Relation<Guest>;

  @ManyToOne(() => Guest)
  firstGuest?: Relation<Guest>;

  @ManyToOne(() => Country)
  country: ToOne<Country>;

  @ManyToOne(() => Guest)
  lazy: Promise<Guest>;

  @OneToMany(() => Line, (line) => line.order)
  lines: Relation<Line>[];

  total(): number {
    return this.lines.length;
  }
}

@Entity()
export class Line {
  @PrimaryColumn()
  orderId: number;

  @PrimaryColumn()
  position: number;

  @ManyToOne(() => Order)
  order: Relation<Order>;
}

export interface Voucher {
  code: string;
  amount: number;
}

export const VoucherSchema = new EntitySchema<Voucher>({
  name: 'voucher',
  columns: { code: { type: String, primary: true }, amount: { type: Number } },
});
