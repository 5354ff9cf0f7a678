import { Audited } from 'nestjs-typeorm-audit';
import { Column, Entity, ManyToOne, OneToMany, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

@Audited({ label: 'name' })
@Entity()
export class Customer {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@Audited()
@Entity('orders')
export class Order {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 20 }) status: string;
  @Column({ type: 'int' }) total: number;
  @ManyToOne(() => Customer) customer: Customer;
  @OneToMany(() => OrderLine, (line) => line.order) lines: OrderLine[];
}

@Audited({ name: 'line' })
@Entity()
export class OrderLine {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 20 }) sku: string;
  @Column({ type: 'int' }) count: number;
  @ManyToOne(() => Order, (order) => order.lines) order: Order;
}

@Audited({ requireReason: true })
@Entity()
export class Price {
  @PrimaryColumn({ type: 'varchar', length: 20 }) sku: string;
  @Column({ type: 'int' }) cents: number;
}
