import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

/** Its key is a text and a number. */
@Audited()
@Entity()
export class Seat {
  @PrimaryColumn({ length: 5 }) hall: string;
  @PrimaryColumn() place: number;
  @Column({ type: 'int' }) price: number;
}
