import { EntitySchema } from 'typeorm';
import { type AuditedOptions } from './audited.decorator.js';

const AUDITED = Symbol.for('nestjs-typeorm-audit:audited');
const NOT_AUDITED = Symbol.for('nestjs-typeorm-audit:not-audited');
const REVISION_ID = Symbol.for('nestjs-typeorm-audit:revision-id');

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
  const bearer = bearerOf(target);
  const own = Reflect.getOwnMetadata(AUDITED, bearer) as AuditedOptions | undefined;
  if (own) return own;
  const inherited = Reflect.getMetadata(AUDITED, bearer) as AuditedOptions | undefined;
  return inherited && { ...inherited, name: undefined, tableName: undefined };
}

export function markProperty(kind: 'not-audited' | 'revision-id', prototype: object, property: string): void {
  const key = kind === 'not-audited' ? NOT_AUDITED : REVISION_ID;
  const marked = markedProperties(kind, prototype.constructor);
  Reflect.defineMetadata(key, [...marked, property], prototype.constructor);
}

/** The properties of a class, its base classes included, that carry a mark. */
export function markedProperties(kind: 'not-audited' | 'revision-id', target: unknown): readonly string[] {
  if (typeof target !== 'function') return [];
  const key = kind === 'not-audited' ? NOT_AUDITED : REVISION_ID;
  return (Reflect.getMetadata(key, target) as string[] | undefined) ?? [];
}

// A schema with a class is found by its class, as TypeORM does it; one without can only carry the mark itself.
function bearerOf(target: Markable): object {
  return target instanceof EntitySchema ? (target.options.target ?? target) : target;
}
