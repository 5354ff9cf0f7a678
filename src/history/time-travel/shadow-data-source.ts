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
 * Derives a data source whose builders, manager and relation loaders read the past. TypeORM gets all of them from its
 * data source, so a read that starts here never reaches the present.
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
    // Ignores a given query runner: TypeORM would write the manager into it, and managers of the present may share it.
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
    // TypeORM takes a query runner from here for every write, unless the caller gives it one.
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
