import { EntitySchema } from 'typeorm';
import { type AuditedOptions } from './audited.decorator.js';

const AUDITED = Symbol.for('nestjs-typeorm-audit:audited');

/** What TypeORM accepts as an entity and a mark can be put on. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type
export type Markable = Function | EntitySchema<any>;

export function markAudited(target: Markable, options: AuditedOptions): void {
  Reflect.defineMetadata(AUDITED, options, bearerOf(target));
}

/**
 * The options of an entity's `@Audited()`, or undefined without one. An abstract base class hands its mark down,
 * but not the names in it, which only one table can have.
 */
export function auditedMark(target: Markable): AuditedOptions | undefined {
  const own = ownAuditedMark(target);
  if (own) return own;
  const inherited = Reflect.getMetadata(AUDITED, bearerOf(target)) as AuditedOptions | undefined;
  return inherited && { ...inherited, name: undefined, tableName: undefined };
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
