import { DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { type Members, type Owner, TYPEORM_MEMBERS, type WrappedOf } from './members.js';
import { typeormVersion } from './version.js';

type Method = (this: any, ...given: any[]) => any;
type Holder = Record<string, Method | undefined>;

interface Wrap {
  readonly owner: string;
  readonly holder: Holder;
  readonly name: string;
  readonly original: Method;
  readonly wrapper: Method;
}

const WRAPS = Symbol.for('nestjs-typeorm-audit:wraps');

// With TypeORM itself, so that all copies of this library know them.
const wraps = ((DataSource as { [WRAPS]?: Wrap[] })[WRAPS] ??= []);

/**
 * Puts a function around a method of TypeORM's, for good and once, whichever copy of this library comes first. It is the
 * only way to do that, and it takes only methods of the table that attaching checks: a TypeORM without the method is
 * left as it is, and refused by the first that attaches.
 *
 * @param wrap makes the function that takes its place
 * @returns whether it has been put there now
 */
export function wrapMember<O extends Owner>(
  owner: O,
  name: WrappedOf<O>,
  wrap: (original: any) => Method,
): boolean {
  const { owner: className, of } = TYPEORM_MEMBERS[owner] as Members;
  const holder = of as Holder;
  const at = wraps.findIndex((known) => known.holder === holder && known.name === name);
  const original = holder[name];
  if (typeof original !== 'function') return false;
  // Another library may stand around ours, or have put back what was there before.
  if (at !== -1 && original !== wraps[at].original) return false;
  const wrapper = wraps[at]?.wrapper ?? wrap(original);
  holder[name] = wrapper;
  if (at === -1) wraps.push({ owner: className, holder, name, original, wrapper });
  return true;
}

/**
 * Refuses to write where TypeORM's own methods are back in the place of ours.
 *
 * Another library that stands around ours, as tracing does, is right; one that stands there and doesn't call ours is
 * found by what then doesn't happen.
 *
 * @throws AuditConfigurationError naming the first
 */
export function assertWrapped(): void {
  for (const { owner, holder, name, original } of wraps)
    if (holder[name] === original)
      throw new AuditConfigurationError(
        `${owner}.${name}() is TypeORM's own again (${typeormVersion()}), so this write can't be recorded, and nothing was ` +
          `written. Something has put it back after nestjs-typeorm-audit had extended it: let it be, or load it before.`,
      );
}

/** Whether an object is a class, or a prototype, of TypeORM's with a method that is wrapped under this name. */
export function isWrappedOn(holder: object, name: string): boolean {
  return wraps.some((wrap) => wrap.holder === holder && wrap.name === name);
}
