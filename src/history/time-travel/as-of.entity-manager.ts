import { EntityManager, type EntityTarget, type ObjectLiteral, type TreeRepository } from 'typeorm';
import { AsOfTreeRepository } from './as-of.tree-repository.js';
import { refusing } from './refusing.js';

/** The manager of a shadow data source, with which nothing can be written. */
export class AsOfEntityManager extends EntityManager {
  override getTreeRepository<E extends ObjectLiteral>(target: EntityTarget<E>): TreeRepository<E> {
    return new AsOfTreeRepository(target, this);
  }
}

// One that a later TypeORM adds is refused too, when it asks the shadow data source for a query runner.
for (const method of [
  'clear',
  'decrement',
  'delete',
  'deleteAll',
  'increment',
  'insert',
  'query',
  'recover',
  'remove',
  'restore',
  'save',
  'softDelete',
  'softRemove',
  'sql',
  'transaction',
  'update',
  'updateAll',
  'upsert',
])
  Object.defineProperty(AsOfEntityManager.prototype, method, {
    value: async () => refusing(method)(),
    configurable: true,
  });
