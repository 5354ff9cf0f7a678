import { type DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { type AuditContext } from '../context/audit-context.js';
import { addSubscriber, replaceQueryBuilders } from '../revision/typeorm.patch.js';
import { AuditSubscriber } from './audit.subscriber.js';
import { auditedQueryBuilders } from './audited-query-builders.js';
import { Capture, captureOf, setCapture } from './capture.js';

/**
 * Begins to record the writes to a data source's audited entities.
 *
 * @returns what ends it
 * @throws AuditConfigurationError when the data source has no revision tables or is recorded already
 */
export function attachCapture(dataSource: DataSource, options: AuditOptions, context: AuditContext): () => void {
  auditPlansOf(dataSource);
  if (captureOf(dataSource))
    throw new AuditConfigurationError(
      'The data source is audited already. Import AuditModule once for each data source, or detach() the other one first.',
    );
  replaceQueryBuilders(auditedQueryBuilders);
  const capture = new Capture(dataSource, options, context);
  const removeSubscriber = addSubscriber(dataSource, new AuditSubscriber(capture));
  setCapture(dataSource, capture);
  return () => {
    removeSubscriber();
    setCapture(dataSource, undefined);
  };
}
