import { ApiProperty } from '@nestjs/swagger';
import { Audited } from 'nestjs-typeorm-audit';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Audited()
@Entity()
export class Reservation {
  @ApiProperty()
  @PrimaryGeneratedColumn()
  id: number;

  @ApiProperty({ example: 'Steve' })
  @Column()
  name: string;

  @ApiProperty({ example: '2026-12-24' })
  @Column('date')
  date: string;

  @ApiProperty({ description: 'How many people', example: 6 })
  @Column()
  party: number;
}
