import { type QueryRunner } from 'typeorm';

/**
 * A query runner that is like another one in all but some properties. What is set on it, and what its methods do, is
 * done to the other one, whose class may have private members.
 */
export function viewOf(queryRunner: QueryRunner, own: object): QueryRunner {
  return new Proxy(queryRunner, {
    get: (target, name): unknown => {
      if (name in own) return own[name as keyof typeof own];
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
