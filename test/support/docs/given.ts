/**
 * A module that stands in for the reader's own code: it exports what the examples use beside the quick start, and
 * whatever they import from packages.
 */
export const GIVEN = `
import { type DynamicModule, Injectable, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditContext, AuditMaintenance, AuditModule, HistoryService } from 'nestjs-typeorm-audit';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource, type Repository } from 'typeorm';
import { AppModule as QuickStart } from './src/app.module.js';
import { Reservation } from './src/reservation.entity.js';
import { ReservationService } from './src/reservation.service.js';
export * from '@nestjs/common';
export * from '@nestjs/typeorm';
export * from 'nestjs-typeorm-audit';
export * from 'typeorm';
export { Reservation, ReservationService };

export const database: TypeOrmModuleOptions = {
  type: 'better-sqlite3',
  database: ':memory:',
  entities: [Reservation],
  synchronize: true,
};

@Injectable()
export class AdminGuard {
  canActivate() {
    return true;
  }
}

export let history: HistoryService;
export let maintenance: AuditMaintenance;
export let audit: AuditContext;
export let dataSource: DataSource;
export let reservations: Repository<Reservation>;
/** What an example has started. */
export let app: Awaited<ReturnType<typeof NestFactory.create>> | undefined;
let quickStart: typeof app;

export async function open() {
  quickStart = await NestFactory.create(QuickStart, { logger: ['error'], abortOnError: false });
  await quickStart.init();
  history = quickStart.get(HistoryService);
  maintenance = quickStart.get(AuditMaintenance);
  audit = quickStart.get(AuditContext);
  dataSource = quickStart.get(DataSource);
  reservations = dataSource.getRepository(Reservation);
}

export async function close() {
  await app?.close();
  await quickStart?.close();
  app = quickStart = undefined;
}

export async function start(module: Type | DynamicModule) {
  const { log } = console;
  // The quick start's service prints when it starts.
  console.log = () => undefined;
  try {
    app = await NestFactory.create(module, { logger: ['error'], abortOnError: false });
    await app.init();
  } finally {
    console.log = log;
  }
}

export async function startController(controller: Type) {
  const imports = [TypeOrmModule.forRoot(database), TypeOrmModule.forFeature([Reservation]), AuditModule.forRoot()];
  await start({ module: class {}, imports, controllers: [controller] });
}
`;
