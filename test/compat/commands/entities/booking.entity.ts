import { Audited } from 'nestjs-typeorm-audit';
import { Column, Entity, EntitySchema, JoinTable, ManyToMany, PrimaryGeneratedColumn } from 'typeorm';
import { Guest } from './guest.entity.js';

@Audited()
@Entity()
export class Booking {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @ManyToMany(() => Guest) @JoinTable() guests: Guest[];
}

/** Without a class: only what the glob finds has the mark. */
export const tag = new EntitySchema<{ id: number }>({
  name: 'tag',
  columns: { id: { type: Number, primary: true } },
});
Audited()(tag);
