import { EntityManager, type EntityTarget, type ObjectLiteral, type TreeRepository } from 'typeorm';
import { AsOfTreeRepository } from './as-of.tree-repository.js';
import { refusing } from './refusing.js';

/** The read-only manager of a shadow data source. */
export class AsOfEntityManager extends EntityManager {
  override getTreeRepository<E extends ObjectLiteral>(target: EntityTarget<E>): TreeRepository<E> {
    return new AsOfTreeRepository(target, this);
  }
}

// A write method that a later TypeORM adds fails too: the shadow data source refuses createQueryRunner().
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
