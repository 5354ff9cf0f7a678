import { type DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { useMaskKey } from '../audited/mask-key.js';
import { setRecorder } from '../audited/recorder.js';
import { type AuditContext } from '../context/audit-context.js';
import { extendQueryRunners } from '../revision/query-runner.patch.js';
import { extendFlushes, replaceClear, replaceQueryBuilders } from '../revision/typeorm.patch.js';
import { auditedQueryBuilders } from './audited-query-builders.js';
import { Capture, captureOf, setCapture } from './capture.js';
import { RawRecorder } from './raw-recorder.js';
import { recordedClear } from './recorded-clear.js';
import { recordedFlushes } from './recorded-flush.js';

/**
 * Begins to record the writes to a data source's audited entities.
 *
 * @returns what ends it
 * @throws AuditConfigurationError when the data source has no revision tables or is recorded already
 */
export function attachCapture(
  dataSource: DataSource,
  options: AuditOptions,
  context: AuditContext,
): () => void {
  auditPlansOf(dataSource);
  if (captureOf(dataSource))
    throw new AuditConfigurationError(
      'The data source is audited already. Import AuditModule once for each data source, or detach() the other one first.',
    );
  useMaskKey(dataSource, options.maskKey);
  replaceQueryBuilders(auditedQueryBuilders);
  extendFlushes(recordedFlushes);
  replaceClear(recordedClear);
  extendQueryRunners();
  const capture = new Capture(dataSource, options, context);
  setCapture(dataSource, capture);
  setRecorder(dataSource, new RawRecorder(capture));
  return () => {
    setRecorder(dataSource, undefined);
    setCapture(dataSource, undefined);
  };
}
