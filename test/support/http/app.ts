import { type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** The HTTP servers that NestJS runs on. */
export const platforms = ['Express', 'Fastify'] as const;
export type Platform = (typeof platforms)[number];

/** TypeOrmModule on an empty SQLite database in memory. */
export function sqlite(entities: TypeOrmModuleOptions['entities'], options: TypeOrmModuleOptions = {}) {
  return TypeOrmModule.forRoot({
    type: 'better-sqlite3',
    database: ':memory:',
    entities,
    synchronize: true,
    retryAttempts: 0,
    ...options,
  } as TypeOrmModuleOptions);
}

/** Starts an application, and says that it failed to in a rejected promise. */
export async function startApp(
  metadata: ModuleMetadata,
  { platform = 'Express', prepare }: { platform?: Platform; prepare?: (app: INestApplication) => void } = {},
): Promise<INestApplication> {
  const module = await Test.createTestingModule(metadata).compile();
  const app =
    platform === 'Fastify'
      ? module.createNestApplication(new FastifyAdapter(), { logger: ['error'] })
      : module.createNestApplication({ logger: ['error'] });
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

export function dataSourceOf(app: INestApplication, name?: string): DataSource {
  return app.get<DataSource>(getDataSourceToken(name));
}
