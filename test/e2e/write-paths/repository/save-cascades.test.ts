import { Column, Entity, JoinColumn, ManyToOne, OneToMany, OneToOne, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { describePaths } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Profile {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
}

@Audited()
@Entity()
class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) name: string;
  @OneToOne(() => Profile, { cascade: true, nullable: true }) @JoinColumn() profile: Profile | null;
  @OneToMany(() => Stay, (stay) => stay.guest, { cascade: true }) stays: Stay[];
}

@Audited()
@Entity()
class Stay {
  @PrimaryGeneratedColumn() id: number;
  @Column() nights: number;
  @ManyToOne(() => Guest, (guest) => guest.stays, { onDelete: 'CASCADE' }) guest: Guest;
}

const guest = ({ manager }: World): Promise<Guest> =>
  manager.save(Guest, {
    name: 'Ann',
    profile: { name: 'A' },
    stays: [{ nights: 1 }, { nights: 2 }],
  } as Guest);
const loadGuest = ({ manager }: World): Promise<Guest> =>
  manager.findOneOrFail(Guest, { where: { id: 1 }, relations: { profile: true, stays: true } });

describePaths(
  'cascades of save()',
  [Guest, Profile, Stay],
  [
    {
      name: 'save() with cascades to new entities',
      write: guest,
      revisions: [
        ['profile', 'insert', 1, 1],
        ['guest', 'insert', 1, 1],
        ['stay', 'insert', 1, 1],
        ['stay', 'insert', 2, 1],
      ],
    },
    {
      name: 'save() with cascades to changed entities',
      before: guest,
      write: async (world) => {
        const ann = await loadGuest(world);
        ann.profile!.name = 'B';
        ann.stays[0].nights = 5;
        ann.stays.push(world.manager.create(Stay, { nights: 3 }));
        await world.manager.save(ann);
      },
      revisions: [
        ['profile', 'update', 1, 2],
        ['stay', 'update', 1, 2],
        ['stay', 'insert', 3, 1],
      ],
    },
    {
      name: 'save() of a relation to another entity',
      before: async (world) => {
        await guest(world);
        await world.manager.save(Guest, { name: 'Bob' });
      },
      write: ({ manager }) => manager.save(Stay, { id: 2, guest: { id: 2 } }),
      revisions: [['stay', 'update', 2, 2]],
    },
  ],
);
