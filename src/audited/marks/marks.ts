import { EntitySchema } from 'typeorm';
import { AuditConfigurationError } from '../../audit.errors.js';
import { type AuditedOptions } from './audited-options.js';

const AUDITED = Symbol.for('nestjs-typeorm-audit:audited');
const LEFT_OUT = Symbol.for('nestjs-typeorm-audit:left-out');

/** What TypeORM accepts as an entity and a mark can be put on. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type
export type Markable = Function | EntitySchema<any>;

export function markAudited(target: Markable, options: AuditedOptions): void {
  Reflect.defineMetadata(AUDITED, options, bearerOf(target));
}

export function markLeftOut(target: Markable): void {
  Reflect.defineMetadata(LEFT_OUT, true, bearerOf(target));
}

/** The options of an entity's `@Audited()`, its own or that of a base class; undefined without one. */
export function auditedMark(target: Markable): AuditedOptions | undefined {
  const mark = classMark(target);
  return mark === 'left out' ? undefined : mark;
}

/**
 * What the nearest mark of a class and its base classes says. A base class hands its mark down, but not the names in it,
 * which only one table can have.
 *
 * @throws AuditConfigurationError where a class has both marks, or `except` has what doesn't extend the marked class
 */
export function classMark(target: Markable): AuditedOptions | 'left out' | undefined {
  const own = bearerOf(target);
  for (let bearer: object | null = own; bearer; bearer = Object.getPrototypeOf(bearer) as object | null) {
    const options = Reflect.getOwnMetadata(AUDITED, bearer) as AuditedOptions | undefined;
    const isLeftOut = Reflect.hasOwnMetadata(LEFT_OUT, bearer);
    if (options && isLeftOut)
      throw new AuditConfigurationError(
        `${nameOf(bearer)} has both @Audited() and @NotAudited(). Keep one of them.`,
      );
    if (isLeftOut) return 'left out';
    if (!options) continue;
    const { except = [] } = options;
    for (const entry of except) assertExtends(entry, bearer);
    if (bearer === own) return options;
    return except.some((entry) => entry === own || isPrototypeOf(entry, own))
      ? 'left out'
      : { ...options, name: undefined, tableName: undefined };
  }
  return undefined;
}

function assertExtends(entry: object | undefined, base: object): void {
  if (typeof entry === 'function' && isPrototypeOf(base, entry)) return;
  throw new AuditConfigurationError(
    `@Audited({ except }) of ${nameOf(base)} must name classes that extend it, got ${entry ? nameOf(entry) : String(entry)}. ` +
      `Give classes that extend ${nameOf(base)}; where they import its file, put @NotAudited() on them instead.`,
  );
}

function isPrototypeOf(base: object, derived: object): boolean {
  return Object.prototype.isPrototypeOf.call(base, derived);
}

function nameOf(bearer: object): string {
  if (bearer instanceof EntitySchema) return bearer.options.name;
  return typeof bearer === 'function' ? bearer.name : JSON.stringify(bearer);
}

/** The same, of the class itself only. */
export function ownAuditedMark(target: Markable): AuditedOptions | undefined {
  return Reflect.getOwnMetadata(AUDITED, bearerOf(target)) as AuditedOptions | undefined;
}

/** What a property can be marked as. */
export type PropertyMark = 'not-audited' | 'revision-id';

const PROPERTY_MARKS: Record<PropertyMark, symbol> = {
  'not-audited': Symbol.for('nestjs-typeorm-audit:not-audited'),
  'revision-id': Symbol.for('nestjs-typeorm-audit:revision-id'),
};

export function markProperty(mark: PropertyMark, prototype: object, property: string): void {
  const marked = markedProperties(mark, prototype.constructor);
  Reflect.defineMetadata(PROPERTY_MARKS[mark], [...marked, property], prototype.constructor);
}

/** The properties of a class, its base classes included, that carry a mark. */
export function markedProperties(mark: PropertyMark, target: unknown): readonly string[] {
  if (typeof target !== 'function') return [];
  return (Reflect.getMetadata(PROPERTY_MARKS[mark], target) as string[] | undefined) ?? [];
}

// A schema with a class is found by its class, as TypeORM does it; one without can only carry the mark itself.
function bearerOf(target: Markable): object {
  return target instanceof EntitySchema ? (target.options.target ?? target) : target;
}
