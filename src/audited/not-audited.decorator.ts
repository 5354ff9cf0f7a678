import { markProperty } from './marks.js';

/**
 * Leaves a column, an embedded or a relation out of the history.
 *
 * A write that changes nothing else adds no revision. On an owning many-to-many relation it leaves out the
 * junction table.
 *
 * @throws AuditConfigurationError when the data source is initialised and the property is part of the primary key
 * @example
 * @NotAudited()
 * @Column()
 * lastSeen: Date;
 */
export function NotAudited(): PropertyDecorator {
  return (prototype, property) => markProperty('not-audited', prototype, String(property));
}
