import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

/** To-one, one-to-many with orphans of both kinds, many-to-many, self-reference, composite key, soft delete. */
@Audited()
@Entity()
export class Customer {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @ManyToOne(() => Customer, { nullable: true, onDelete: 'SET NULL' }) manager?: Customer | null;
  @OneToMany(() => Note, (note) => note.customer, { cascade: true }) notes: Note[];
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
export class Note {
  @PrimaryColumn() id: number;
  @Column() text: string;
  @ManyToOne(() => Customer, (customer) => customer.notes, { nullable: true, onDelete: 'SET NULL' })
  customer?: Customer | null;
}

@Audited()
@Entity()
export class Purchase {
  @PrimaryGeneratedColumn() id: number;
  @Column() total: number;
  @ManyToOne(() => Customer, { nullable: true, onDelete: 'CASCADE' }) customer?: Customer | null;
  @OneToMany(() => Line, (line) => line.purchase, { cascade: true }) lines: Line[];
  @ManyToMany(() => Tag) @JoinTable({ name: 'purchase_tags' }) tags: Tag[];
}

@Audited()
@Entity()
export class Line {
  @PrimaryColumn({ type: 'varchar', length: 20 }) sku: string;
  @PrimaryColumn() position: number;
  @Column() quantity: number;
  @ManyToOne(() => Purchase, (purchase) => purchase.lines, {
    nullable: true,
    onDelete: 'CASCADE',
    orphanedRowAction: 'delete',
  })
  purchase?: Purchase | null;
}

@Audited()
@Entity()
export class Tag {
  @PrimaryColumn({ type: 'varchar', length: 20 }) name: string;
  @Column() label: string;
}

export const entities = [Customer, Note, Purchase, Line, Tag];
