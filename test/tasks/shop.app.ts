import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  type INestApplication,
  Param,
  ParseIntPipe,
  Post,
} from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { APP_GUARD } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { AuditAction, AuditModule } from 'nestjs-typeorm-audit';
import { type Repository } from 'typeorm';
import { QueryRecorder } from '../support/costs/query-recorder.js';
import { startApp } from '../support/http/app.js';
import { createDatabase, type DatabaseName } from '../support/servers/databases.js';
import { OrderResolver } from './order.resolver.js';
import { Questions } from './questions.js';
import { Customer, Order, OrderLine, Price } from './shop.js';

class UserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { id: request.headers['x-user'] };
    return true;
  }
}

@Controller('orders')
class OrderController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Post(':id/cancel')
  @AuditAction('order.cancel')
  async cancel(@Param('id', ParseIntPipe) id: number) {
    await this.orders.update(id, { status: 'cancelled' });
  }
}

/** An application with orders, on a database of its own. */
export interface Shop {
  readonly app: INestApplication;
  readonly queries: QueryRecorder;
  close(): Promise<void>;
}

export async function openShop(name: DatabaseName): Promise<Shop> {
  const entities = [Customer, Order, OrderLine, Price];
  const database = await createDatabase(name);
  const queries = new QueryRecorder();
  const options = { ...database.options, entities, synchronize: true, logging: true, logger: queries };
  const names = new Map([['ann', 'Ann']]);
  const app = await startApp({
    imports: [
      TypeOrmModule.forRoot({ ...options, retryAttempts: 0 }),
      TypeOrmModule.forFeature(entities),
      AuditModule.forRoot({
        actorLabel: (ids) => new Map(ids.map((id) => [id, names.get(id) ?? id])),
        words: { en: { actions: { 'order.cancel': { orders: '{actor} cancelled {entity}' } } } },
      }),
      GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
    ],
    controllers: [OrderController],
    providers: [Questions, OrderResolver, { provide: APP_GUARD, useClass: UserGuard }],
  });
  return {
    app,
    queries,
    close: async () => {
      await app.close();
      await database.drop();
    },
  };
}
