import { Entity, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';

/** Has nothing but its key, so that a many-to-many relation is all there is to write. */
@Audited()
@Entity()
export class Tag {
  @PrimaryColumn({ type: 'varchar', length: 20 }) name: string;
}
