import { EntitySchema } from 'typeorm';
import { AuditConfigurationError } from '../../audit.errors.js';
import { type AuditedOptions } from './audited-options.js';

const AUDITED = Symbol.for('nestjs-typeorm-audit:audited');
const LEFT_OUT = Symbol.for('nestjs-typeorm-audit:left-out');

/** An entity that can carry a mark. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type
export type Markable = Function | EntitySchema<any>;

export function markAudited(target: Markable, options: AuditedOptions): void {
  Reflect.defineMetadata(AUDITED, options, bearerOf(target));
}

export function markLeftOut(target: Markable): void {
  Reflect.defineMetadata(LEFT_OUT, true, bearerOf(target));
}

/** The options of an entity's own or inherited `@Audited()`; undefined without one. */
export function auditedMark(target: Markable): AuditedOptions | undefined {
  const mark = classMark(target);
  return mark === 'left out' ? undefined : mark;
}

/**
 * The nearest mark of a class and its base classes. A class inherits the mark of its base class, but not the names in
 * it, which only one table can have.
 *
 * @throws AuditConfigurationError when a class has both marks, or a class in `except` doesn't extend the marked class
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

/** The options of a class's own `@Audited()`; undefined without one. */
export function ownAuditedMark(target: Markable): AuditedOptions | undefined {
  return Reflect.getOwnMetadata(AUDITED, bearerOf(target)) as AuditedOptions | undefined;
}

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

// TypeORM finds a schema with a class by its class, so the class carries the mark. A schema without a class carries it.
function bearerOf(target: Markable): object {
  return target instanceof EntitySchema ? (target.options.target ?? target) : target;
}
