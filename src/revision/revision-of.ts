import { BaseEntity, EntitySchema, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type Snapshot } from './types/snapshot.js';
import { type RevisionColumns } from './revision-columns.js';

const REVISION_CLASS = Symbol.for('nestjs-typeorm-audit:revision-class');

/** A row of a revision table: the audited row as it was, and the columns that say who, when and why. */
export type RevisionEntity<E = ObjectLiteral> = Snapshot<E> & RevisionColumns;

/**
 * The revision class of an audited entity, for repositories and query builders.
 *
 * @param target the audited class or EntitySchema, which need not be marked yet. For a single-table inheritance the
 *   root, which has the revisions of all its children
 * @example
 * const rows = await dataSource.getRepository(revisionOf(Reservation)).find({ where: { id: 1 } });
 * // → [ReservationRev { revVersion: 1, revOperation: 'insert', id: 1, party: 6, … }, …]
 */
export function revisionOf<E extends ObjectLiteral>(
  target: (new (...args: any[]) => E) | (abstract new (...args: any[]) => E) | EntitySchema<E>,
): new () => RevisionEntity<E> {
  const bearer: object = target instanceof EntitySchema ? (target.options.target ?? target) : target;
  // Object.hasOwn, because a child entity with a table of its own doesn't inherit the class of its parent's revisions.
  if (!Object.hasOwn(bearer, REVISION_CLASS)) {
    const name = target instanceof EntitySchema ? target.options.name : target.name;
    Object.defineProperty(bearer, REVISION_CLASS, { value: revisionClass(name, bearer) });
  }
  return (bearer as { [REVISION_CLASS]: new () => RevisionEntity<E> })[REVISION_CLASS];
}

/** The target of revision metadata: the revision class, or the table's name if `target` is neither class nor schema. */
export function revisionTargetOf(target: EntityTarget<any>, tableName: string): EntityTarget<any> {
  return typeof target === 'function' || target instanceof EntitySchema
    ? revisionOf(target as new () => ObjectLiteral)
    : tableName;
}

// Revisions of an active record are active records too, for tools such as AdminJS that expect it of every entity.
function revisionClass(name: string, { prototype }: { prototype?: unknown }): new () => any {
  const className = `${name}Rev`;
  return prototype instanceof BaseEntity
    ? { [className]: class extends BaseEntity {} }[className]
    : { [className]: class {} }[className];
}
