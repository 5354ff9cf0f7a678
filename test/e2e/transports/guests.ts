import { type ModuleMetadata } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { AuditModule, type AuditModuleOptions, revisionOf } from 'nestjs-typeorm-audit';
import { Column, type DataSource, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm';
import { Guest } from '../../support/entities/guest.js';
import { sqlite } from '../../support/http/app.js';

/** The same without the library. */
@Entity({ name: 'guest' })
export class PlainGuest {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  name!: string;
}

/** What the handlers of every transport call. */
export class Guests {
  constructor(private readonly guests: Repository<Guest>) {}

  async make(name: string): Promise<{ id: number; name: string }> {
    const { id } = await this.guests.save({ name });
    return { id, name };
  }
}

/** The modules and providers of an application with guests, with the library or without it. */
export function guestsApp(
  isAudited: boolean,
  options: AuditModuleOptions = {},
): Required<Pick<ModuleMetadata, 'imports' | 'providers'>> {
  const entity: typeof Guest = isAudited ? Guest : PlainGuest;
  return {
    imports: [sqlite([entity]), ...(isAudited ? [AuditModule.forRoot(options)] : [])],
    providers: [
      {
        provide: Guests,
        inject: [getDataSourceToken()],
        useFactory: (dataSource: DataSource) => new Guests(dataSource.getRepository(entity)),
      },
    ],
  };
}

/** Who made each guest, in order; empty without the library. */
export async function actorsOf(dataSource: DataSource): Promise<(string | null)[]> {
  if (!dataSource.hasMetadata(Guest)) return [];
  const revisions = await dataSource.getRepository(revisionOf(Guest)).find({ order: { id: 'ASC' } });
  return revisions.map(({ revActor }) => revActor);
}
