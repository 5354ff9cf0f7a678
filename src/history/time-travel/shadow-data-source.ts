import {
  DataSource,
  type EntityManager,
  type EntityTarget,
  type QueryRunner,
  type SelectQueryBuilder,
} from 'typeorm';
import { DriverUtils } from 'typeorm/driver/DriverUtils.js';
import { RelationIdLoader } from 'typeorm/query-builder/RelationIdLoader.js';
import { RelationLoader } from 'typeorm/query-builder/RelationLoader.js';
import { AsOfEntityManager } from './as-of.entity-manager.js';
import { AsOfQueryBuilder } from './as-of.query-builder.js';
import { type Past, setPast } from '../past/past.js';
import { refusing } from './refusing.js';
import { shadowDriver } from './shadow-driver.js';

/**
 * A data source that is the given one in all, but that its builders, its manager and its loaders of relations read
 * the past. TypeORM asks its data source for each of them, so nothing that begins here ends in the present.
 */
export function shadowDataSource(past: Past): DataSource {
  const { dataSource } = past;
  const shadow = Object.create(dataSource) as DataSource;
  setPast(shadow, past);
  const manager: EntityManager = new AsOfEntityManager(shadow);
  return Object.assign(shadow, {
    manager,
    driver: shadowDriver(past),
    relationLoader: new RelationLoader(shadow),
    relationIdLoader: new RelationIdLoader(shadow),
    // Without a query runner: TypeORM writes a manager into the runner that it is made for, and those of the present
    // may share theirs.
    createEntityManager: () => manager,
    createQueryBuilder: (
      entityOrRunner?: EntityTarget<any> | QueryRunner,
      alias?: string,
      queryRunner?: QueryRunner,
    ): SelectQueryBuilder<any> => {
      if (!alias) return new AsOfQueryBuilder(shadow, entityOrRunner as QueryRunner | undefined);
      const name = DriverUtils.buildAlias(dataSource.driver, undefined, alias);
      const { target } = dataSource.getMetadata(entityOrRunner as EntityTarget<any>);
      return new AsOfQueryBuilder(shadow, queryRunner).select(name).from(target, name);
    },
    // All that TypeORM writes, it writes with a query runner from here, unless it is given one.
    createQueryRunner: refusing('createQueryRunner'),
    ...refusals,
  });
}

const refusals = Object.fromEntries(
  [
    'destroy',
    'dropDatabase',
    'initialize',
    'query',
    'runMigrations',
    'setOptions',
    'sql',
    'synchronize',
    'transaction',
    'undoLastMigration',
  ].map((name) => [name, refusing(name)]),
);
