import {
  Column,
  DeleteDateColumn,
  Entity,
  EntitySchema,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { ClosureNode, PathNode, SetNode } from './trees.js';

@Audited()
@Entity('label')
export class Label {
  @PrimaryColumn('int') id: number;
  @Column({ length: 20 }) name: string;
}

@Audited()
@Entity('ticket')
export class Ticket {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @DeleteDateColumn() deletedAt: Date | null;
  @OneToMany(() => Comment, (comment) => comment.ticket, { cascade: true }) comments: Comment[];
  @ManyToMany(() => Label) @JoinTable({ name: 'ticket_label' }) labels: Label[];
}

@Audited()
@Entity('comment')
export class Comment {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @ManyToOne(() => Ticket, (ticket) => ticket.comments, { onDelete: 'CASCADE' }) ticket: Ticket | null;
}

/** It is not audited itself; its lines are, and go with it. */
@Entity('cart')
export class Cart {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
}

@Audited()
@Entity('line')
export class Line {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @ManyToOne(() => Cart, { onDelete: 'CASCADE' }) cart: Cart;
}

@Audited()
@Entity('draft')
export class Draft {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
}

/** Without a class: TypeORM's metadata knows only its name. */
export const Memo = new EntitySchema<{ id: number; name: string }>({
  name: 'Memo',
  tableName: 'memo',
  columns: { id: { type: 'int', primary: true, generated: true }, name: { type: 'varchar', length: 20 } },
});
Audited()(Memo);

export const entities = [Label, Ticket, Comment, Cart, Line, Draft, ClosureNode, PathNode, SetNode, Memo];

/** What is audited, by table, with its keys; closure tables aren't. */
export const tables: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['label', 'ticket', 'comment', 'line', 'draft', 'closure_node', 'path_node', 'set_node', 'memo'].map(
      (table) => [table, ['id']],
    ),
  ),
  ticket_label: ['ticketId', 'labelId'],
};
