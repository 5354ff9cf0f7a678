import { type QueryRunner } from 'typeorm';

/**
 * A proxy of a query runner with some properties of its own. Assignments and method calls go to the real query runner,
 * because its class may have private members.
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
