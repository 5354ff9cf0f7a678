import { type DataSource } from 'typeorm';
import { UnsupportedDriverError } from '../audit.errors.js';
import { StateSlot } from '../typeorm/state-slot.js';
import { type Dialect } from './dialect.js';
import { mysqlDialect } from './mysql.dialect.js';
import { postgresDialect } from './postgres.dialect.js';
import { sqliteDialect } from './sqlite.dialect.js';

const dialects: Partial<Record<string, (dataSource: DataSource) => Dialect>> = {
  postgres: postgresDialect,
  mysql: mysqlDialect,
  mariadb: mysqlDialect,
  'better-sqlite3': sqliteDialect,
  sqljs: sqliteDialect,
};

const known = new StateSlot<Dialect>('dialect');

/** Whether entities of a data source can be audited. */
export function isSupported({ options }: DataSource): boolean {
  return dialects[options.type] !== undefined;
}

/** @throws UnsupportedDriverError naming an entity of the data source */
export function assertSupported(dataSource: DataSource, entity: string): void {
  if (!isSupported(dataSource)) throw new UnsupportedDriverError(dataSource.options.type, entity);
}

/** The dialect of a data source whose driver is supported. */
export function dialectOf(dataSource: DataSource): Dialect {
  return known.own(dataSource, () => dialects[dataSource.options.type]!(dataSource));
}
