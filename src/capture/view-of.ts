/**
 * An object that is like another one in all but some properties. What is set on it, and what its methods do, is done
 * to the other one.
 */
export function viewOf<T extends object>(target: T, own: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name): unknown => (name in own ? own[name as keyof T] : Reflect.get(target, name)),
  });
}
