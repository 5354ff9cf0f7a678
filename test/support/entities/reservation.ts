import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

/** For tests that only need a row with a history. */
@Audited()
@Entity()
export class Reservation {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
}
