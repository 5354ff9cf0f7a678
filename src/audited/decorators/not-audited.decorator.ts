import { type Markable, markLeftOut, markProperty } from '../marks/marks.js';

/** On a class, or called with one; on a property, or called with the class's prototype and the property's name. */
export interface NotAuditedDecorator {
  (target: Markable): void;
  (prototype: object, property: string | symbol): void;
}

/**
 * Leaves a column, an embedded or a relation out of the history; or, on a class, the class and what extends it, where a
 * base class is `@Audited()`.
 *
 * A write that changes nothing but such properties adds no revision. On an owning many-to-many relation it leaves out
 * the junction table.
 *
 * @throws AuditConfigurationError when the data source is initialised and the property is part of the primary key, or the
 *   class is `@Audited()` itself or shares the table of an audited one
 * @example
 * @NotAudited()
 * @Column()
 * lastSeen: Date;
 * @example
 * @NotAudited()
 * @Entity()
 * class Session extends BaseModel {}
 */
export function NotAudited(): NotAuditedDecorator {
  return (target: object, property?: string | symbol): void => {
    if (property === undefined) markLeftOut(target as Markable);
    else markProperty('not-audited', target, String(property));
  };
}
