import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

@Audited()
@Entity()
@Unique(['code'])
export class Account {
  @PrimaryColumn({ type: 'int' }) id: number;
  @Column({ type: 'int', default: 0 }) balance: number;
  @Column({ type: 'varchar', length: 20, nullable: true }) code: string | null;
}

/** Has no history. */
@Entity()
export class Line {
  @PrimaryColumn({ type: 'int' }) id: number;
  @Column({ type: 'varchar', length: 60 }) text: string;
}
