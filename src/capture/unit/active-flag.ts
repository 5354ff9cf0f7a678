import { type QueryRunner } from 'typeorm';

/**
 * Lets a query runner say that a transaction is active, to the code of a unit that has begun one beneath it, and to
 * nobody else. Wrappers that set something before each statement and reset it afterwards leave the reset out when a
 * statement has failed in a transaction, which would refuse it.
 *
 * @returns what ends it
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
