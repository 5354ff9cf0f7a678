import { type DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { type AuditContext } from '../context/audit-context.js';
import { addSubscriber } from '../revision/typeorm.patch.js';
import { AuditSubscriber } from './audit.subscriber.js';

const ATTACHED = Symbol.for('nestjs-typeorm-audit:attached');

/**
 * Begins to record the writes to a data source's audited entities.
 *
 * @returns what ends it
 * @throws AuditConfigurationError when the data source has no revision tables or is recorded already
 */
export function attachCapture(dataSource: DataSource, options: AuditOptions, context: AuditContext): () => void {
  auditPlansOf(dataSource);
  const attachable = dataSource as DataSource & { [ATTACHED]?: boolean };
  if (attachable[ATTACHED])
    throw new AuditConfigurationError(
      'The data source is audited already. Import AuditModule once for each data source, or detach() the other one first.',
    );
  const removeSubscriber = addSubscriber(dataSource, new AuditSubscriber(dataSource, options, context));
  attachable[ATTACHED] = true;
  return () => {
    removeSubscriber();
    attachable[ATTACHED] = false;
  };
}
