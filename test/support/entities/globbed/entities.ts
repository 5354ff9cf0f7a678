import { Column, Entity, EntitySchema, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';

// What a data source finds by a glob, and nothing else imports.

@Audited()
@Entity()
export class FoundClass {
  @PrimaryGeneratedColumn() id: number;
  @Column() value: number;
}

export const foundSchema = new EntitySchema<{ id: number; value: number }>({
  name: 'FoundSchema',
  columns: { id: { type: Number, primary: true, generated: 'increment' }, value: { type: Number } },
});
Audited()(foundSchema);
