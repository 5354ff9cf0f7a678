import { Logger } from '@nestjs/common';
import { type DataSource } from 'typeorm';
import { type AuditOptions } from '../audit.options.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { clearSecretsWarning } from '../audited/clear-secrets.js';
import { useMaskKey } from '../audited/masks/mask-key.js';
import { setRecorder } from '../audited/recorder.js';
import { type AuditContext } from '../context/audit-context.js';
import { usePreparedStatements } from '../dialect/run/prepared.js';
import { assertOneTypeorm } from '../typeorm/assert-one-typeorm.js';
import {
  assertExecutionsChecked,
  assertStatementsSeen,
  checkExecutions,
} from '../typeorm/executions.patch.js';
import { extendQueryRunners, replaceTableClear } from '../typeorm/query-runner.patch.js';
import { assertSchemasKnown } from '../typeorm/data-source.patch.js';
import { StateSlot } from '../typeorm/state-slot.js';
import { assertFields, typeormFields } from '../typeorm/fields.js';
import { assertTypeormMembers, missingTypeormMember } from '../typeorm/members.js';
import {
  extendFlushes,
  extendMigrations,
  replaceClear,
  replaceQueryBuilders,
} from '../typeorm/writes.patch.js';
import { assertBuildersRecord, auditedQueryBuilders, checkExecution } from './intercept/query-builders.js';
import { Capture, setCapture } from './intercept/capture.js';
import { pendingTables } from './tables/pending-tables.js';
import { RawRecorder } from './intercept/own-statements.js';
import { recordedClear, recordedTableClear } from './intercept/clear.js';
import { recordedFlushes } from './intercept/flush-capture.js';
import { SharedOptions } from './shared-options.js';
import { noteAttached } from './tables/warn-of-unattached.js';

// Before any data source is attached: of one that nobody attaches, the first write says so. A TypeORM that lacks what it
// stands on is left alone, and refused by the first that attaches.
if (!missingTypeormMember()) extendTypeorm();

/** A data source whose writes are recorded: under which options, and what ends it. */
interface Attached {
  readonly options: SharedOptions;
  readonly end: () => void;
}

const attached = new StateSlot<Attached>('attached');

/**
 * Begins to record the writes to a data source's audited entities, or shares what has begun before.
 *
 * @returns what ends it: recording goes on until all who began it have ended it
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
  extendTypeorm();
  checkExecutions(checkExecution);
  extendQueryRunners();

  assertWritesAreSeen(dataSource);
  noteAttached(dataSource);
  const warning = clearSecretsWarning(dataSource);
  if (warning !== undefined) new Logger('Audit').warn(warning);
  const capture = new Capture(dataSource, options, context);
  setCapture(dataSource, capture);
  setRecorder(dataSource, new RawRecorder(capture));
  return () => {
    setRecorder(dataSource, undefined);
    setCapture(dataSource, undefined);
  };
}

// Against a TypeORM that has all of its methods and doesn't call them any more, and against other libraries.
function assertWritesAreSeen(dataSource: DataSource): void {
  assertBuildersRecord(dataSource);
  assertExecutionsChecked(dataSource);
  const plans = auditPlansOf(dataSource);
  assertSchemasKnown(dataSource, (metadata) => plans.isRevision(metadata));
  const audited = plans.entities.at(0)?.metadata;
  if (!audited) return;
  assertFields(typeormFields(dataSource, audited));
  assertStatementsSeen(dataSource, audited);
}

function extendTypeorm(): void {
  replaceQueryBuilders(auditedQueryBuilders);
  extendFlushes(recordedFlushes);
  extendMigrations(pendingTables);
  replaceClear(recordedClear);
  replaceTableClear(recordedTableClear);
}
