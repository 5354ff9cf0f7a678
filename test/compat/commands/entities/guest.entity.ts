import { Audited } from 'nestjs-typeorm-audit';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Audited()
@Entity()
export class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column() fullName: string;
  // more
}
