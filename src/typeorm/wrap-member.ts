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

// Stored on TypeORM itself, so that all copies of this library share the list.
const wraps = ((DataSource as { [WRAPS]?: Wrap[] })[WRAPS] ??= []);

/**
 * Wraps a method of TypeORM permanently and once, by the copy of this library that loads first. Every wrap goes through
 * this function. It accepts only methods that `assertTypeormMembers()` checks. A missing method is left alone here, and
 * the first attach refuses that TypeORM.
 *
 * @param wrap makes the wrapper from the original method
 * @returns whether this call has placed the wrapper
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
  // Another library may have wrapped ours, or restored the original.
  if (at !== -1 && original !== wraps[at].original) return false;
  const wrapper = wraps[at]?.wrapper ?? wrap(original);
  holder[name] = wrapper;
  if (at === -1) wraps.push({ owner: className, holder, name, original, wrapper });
  return true;
}

/**
 * Refuses to write if other code has restored TypeORM's own methods.
 *
 * A wrapper around ours, as tracing libraries add, is fine. A wrapper that doesn't call ours is detected later, when
 * the expected call is missing.
 *
 * @throws AuditConfigurationError naming the first method
 */
export function assertWrapped(): void {
  for (const { owner, holder, name, original } of wraps)
    if (holder[name] === original)
      throw new AuditConfigurationError(
        `${owner}.${name}() is TypeORM's own again (${typeormVersion()}), so this write can't be recorded, and nothing was ` +
          `written. Something has put it back after nestjs-typeorm-audit had extended it: let it be, or load it before.`,
      );
}

/** Whether an object is a TypeORM class or prototype whose method of this name is wrapped. */
export function isWrappedOn(holder: object, name: string): boolean {
  return wraps.some((wrap) => wrap.holder === holder && wrap.name === name);
}
