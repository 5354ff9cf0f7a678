import { type Markable, markLeftOut, markProperty } from '../marks/marks.js';

/** Decorates a class or a property; or call it with a class, or with a class's prototype and the property's name. */
export interface NotAuditedDecorator {
  (target: Markable): void;
  (prototype: object, property: string | symbol): void;
}

/**
 * Leaves a column, an embedded or a relation out of the history. On a class whose base class is `@Audited()`, it leaves
 * out the class and all classes that extend it.
 *
 * A write that changes only such properties adds no revision. On an owning many-to-many relation it leaves out the
 * junction table.
 *
 * @throws AuditConfigurationError when the data source is initialised and the property is part of the primary key, or
 *   the class is `@Audited()` itself or shares the table of an audited one
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
