import { Logger } from '@nestjs/common';
import { type DataSource } from 'typeorm';
import { type AuditOptions } from '../audit.options.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { clearSecretsWarning } from '../audited/clear-secrets.js';
import { useMaskKey } from '../audited/use-mask-key.js';
import { type AuditContext } from '../context/audit-context.js';
import { usePreparedStatements } from '../dialect/run/prepared.js';
import { assertOneTypeorm } from '../typeorm/assert-one-typeorm.js';
import { assertTypeormMembers } from '../typeorm/members.js';
import { StateSlot } from '../typeorm/state-slot.js';
import { type CaptureEngine } from './engine.js';
import { Capture, setCapture } from './intercept/capture.js';
import { ormEngine } from './orm-engine.js';
import { SharedOptions } from './shared-options.js';
import { noteAttached } from './tables/warn-of-unattached.js';

const ENGINES: readonly CaptureEngine[] = [ormEngine];

// Before any data source is attached: the first write to one that nobody attaches warns.
for (const engine of ENGINES) engine.prepare();

/** The attachments of one data source. */
interface Attached {
  readonly options: SharedOptions;
  readonly end: () => void;
}

const attached = new StateSlot<Attached>('attached');

/**
 * Begins to record the writes to a data source's audited entities, or joins those who record them already.
 *
 * @returns ends it: recording goes on until all who began it have ended it
 * @throws AuditConfigurationError when TypeORM lacks a member that recording stands on, the data source
 * has no revision tables, or an option contradicts the others'
 */
export function attachCapture(
  dataSource: DataSource,
  options: AuditOptions,
  context: AuditContext,
): () => void {
  // Another copy of this library may have given it revision tables, with another copy of TypeORM.
  assertOneTypeorm(dataSource);
  assertTypeormMembers();
  auditPlansOf(dataSource);
  const before = attached.of(dataSource);
  const shared = before?.options ?? new SharedOptions();
  const remove = shared.add(options, context);
  try {
    useMaskKey(dataSource, shared.maskKey);
    usePreparedStatements(dataSource, shared.preparedStatements);
    if (!before) attached.set(dataSource, { options: shared, end: begin(dataSource, shared, context) });
  } catch (error) {
    remove();
    throw error;
  }
  return () => {
    if (!remove()) return;
    attached.of(dataSource)?.end();
    attached.set(dataSource, undefined);
  };
}

function begin(dataSource: DataSource, options: AuditOptions, context: AuditContext): () => void {
  const capture = new Capture(dataSource, options, context);
  const ends = ENGINES.map((engine) => engine.begin(capture));
  noteAttached(dataSource);
  const warning = clearSecretsWarning(dataSource);
  if (warning !== undefined) new Logger('Audit').warn(warning);
  setCapture(dataSource, capture);
  return () => {
    for (const end of ends) end();
    setCapture(dataSource, undefined);
  };
}
