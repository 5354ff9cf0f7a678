import { Controller, type MiddlewareConsumer, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClsModule, ClsService, ContextClsStoreMap } from 'nestjs-cls';
import { AuditContext, AuditModule, HistoryService } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { database, Reservation } from './reservations.js';

@Controller('reservations')
class ReservationsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly cls: ClsService,
  ) {}

  @Post()
  async make(@Req() request: object): Promise<boolean> {
    await this.dataSource.getRepository(Reservation).save({ party: 2 });
    return ContextClsStoreMap.getByRaw(request) === this.cls.get();
  }
}

const idGenerator = (): string => 'cls-1';
const mounted = ClsModule.forRoot({
  global: true,
  interceptor: { mount: true, generateId: true, idGenerator },
});

@Module({ imports: [database, AuditModule.forRoot(), mounted], controllers: [ReservationsController] })
class AppModule {
  constructor(private readonly audit: AuditContext) {}

  configure(consumer: MiddlewareConsumer): void {
    const setEarly = (_request: unknown, _response: unknown, next: () => void): void => {
      this.audit.set({ reason: 'a guest called' });
      next();
    };
    consumer.apply(setEarly).forRoutes('{*path}');
  }
}

/** Whether a request has one context, and what its revision says, where the application mounts nestjs-cls itself. */
async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const answer = await fetch(`${await app.getUrl()}/reservations`, { method: 'POST' });
  const hasOneStore: unknown = await answer.json();
  const revision = await app.get(HistoryService).latest(Reservation, 1);
  await app.close();
  console.log(JSON.stringify({ hasOneStore, reason: revision?.reason, context: revision?.context }));
}

void main();
