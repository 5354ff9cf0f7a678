import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

/** For tests that need a row with a name: the other side of a relation, or who a request makes. */
@Audited()
@Entity()
export class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}
