import 'reflect-metadata';
import { type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsModule, ClsServiceManager } from 'nestjs-cls';
import { AuditContext, Audited, AuditModule, HistoryService, revisionOf } from 'nestjs-typeorm-audit';
import { Column, type DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Audited()
@Entity()
export class Reservation {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  party: number;
}

export const database = TypeOrmModule.forRoot({
  type: 'better-sqlite3',
  database: ':memory:',
  entities: [Reservation],
  synchronize: true,
});

@Module({ imports: [database, AuditModule.forRoot()] })
class AppModule {}

@Module({ imports: [ClsModule.forRoot({ global: true }), database, AuditModule.forRoot()] })
class AppWithItsOwnClsModule {}

/** What the library tells of a reservation that was saved, updated and removed. */
export async function life(): Promise<{ timeline: unknown[]; rows: number }> {
  return within(AppModule, async (app) => {
    const dataSource = app.get<DataSource>(getDataSourceToken());
    const reservations = dataSource.getRepository(Reservation);
    await app.get(AuditContext).run({ actor: 'ann' }, async () => {
      const reservation = await reservations.save({ party: 2 });
      await reservations.update(reservation.id, { party: 4 });
      await reservations.remove(await reservations.findOneByOrFail({ id: reservation.id }));
    });
    const { items } = await app.get(HistoryService).timeline(Reservation, 1);
    return {
      timeline: items.map(({ version, operation, isDelete, actor, snapshot }) => ({
        version,
        operation,
        isDelete,
        actor,
        party: snapshot?.party ?? null,
      })),
      rows: await dataSource.getRepository(revisionOf(Reservation)).count(),
    };
  });
}

/** Who wrote, when the application has mounted nestjs-cls itself and opened the context. */
export async function actorInTheApplicationsOwnContext(): Promise<string | null | undefined> {
  return within(AppWithItsOwnClsModule, async (app) => {
    await ClsServiceManager.getClsService().run(async () => {
      app.get(AuditContext).set({ actor: 'bob' });
      await app.get<DataSource>(getDataSourceToken()).getRepository(Reservation).save({ party: 2 });
    });
    return (await app.get(HistoryService).latest(Reservation, 1))?.actor;
  });
}

async function within<T>(module: Type, run: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'warn'] });
  try {
    return await run(app);
  } finally {
    await app.close();
  }
}
