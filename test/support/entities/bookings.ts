import {
  BaseEntity,
  Column,
  DeleteDateColumn,
  Entity,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

@Audited()
@Entity()
export class Booking extends BaseEntity {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20, unique: true }) code: string;
  @Column({ type: 'int', default: 2 }) party: number;
  @Column({ type: 'varchar', nullable: true }) note: string | null;
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
@Unique(['hall', 'name'])
export class Seat {
  @PrimaryColumn() hall: number;
  @PrimaryColumn({ length: 5 }) place: string;
  @Column({ length: 20 }) name: string;
  @Column({ type: 'int', nullable: true }) price: number | null;
}

/** With columns that the database or TypeORM fills. */
@Audited()
@Entity()
export class Stamped {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({ length: 20, unique: true }) code: string;
  @UpdateDateColumn() updatedAt: Date;
  @VersionColumn() version: number;
}
