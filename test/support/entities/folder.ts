import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

/** Refers to its own table. */
@Audited()
@Entity()
export class Folder {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @ManyToOne(() => Folder, { nullable: true }) parent: Folder | null;
}
