import { type QueryRunner } from 'typeorm';

/**
 * Makes `isTransactionActive` of a query runner true, but only for the code of a unit that has begun a transaction
 * which TypeORM's query runner doesn't know. Some wrappers set a setting before each statement and reset it afterwards.
 * They skip the reset after a statement failed in an active transaction, because the database would refuse it.
 *
 * @returns a function that restores the property
 */
export function showActive(queryRunner: QueryRunner, isAsking: () => boolean): () => void {
  const target: QueryRunner & { isTransactionActive: boolean } = queryRunner;
  const before = Object.getOwnPropertyDescriptor(target, 'isTransactionActive');
  let value = target.isTransactionActive;
  let isSet = before !== undefined;
  Object.defineProperty(target, 'isTransactionActive', {
    configurable: true,
    enumerable: true,
    get: () => value || isAsking(),
    set: (active: boolean) => {
      value = active;
      isSet = true;
    },
  });
  return () => {
    if (isSet)
      Object.defineProperty(target, 'isTransactionActive', {
        configurable: true,
        enumerable: before?.enumerable ?? true,
        writable: true,
        value,
      });
    else Reflect.deleteProperty(target, 'isTransactionActive');
  };
}
