import { type DataSource } from 'typeorm';
import { auditPlansOf } from '../audited/audit-plans.js';
import { setRecorder } from '../audited/recorder.js';
import { assertSchemasKnown } from '../typeorm/patches/data-source.patch.js';
import {
  assertExecutionsChecked,
  assertStatementsSeen,
  checkExecutions,
} from '../typeorm/patches/executions.patch.js';
import { assertFields, typeormFields } from '../typeorm/fields.js';
import { missingTypeormMember } from '../typeorm/members.js';
import { extendQueryRunners, replaceTableClear } from '../typeorm/patches/query-runner.patch.js';
import {
  extendFlushes,
  extendMigrations,
  replaceClear,
  replaceQueryBuilders,
} from '../typeorm/patches/writes.patch.js';
import { type CaptureEngine } from './engine.js';
import { clearByDelete, clearTableByDelete } from './intercept/clear.js';
import { flushExtension } from './intercept/flush.js';
import { RawRecorder } from './intercept/own-statements.js';
import { assertBuildersRecord, auditedQueryBuilders, checkExecution } from './intercept/query-builders.js';
import { pendingTables } from './tables/pending-tables.js';

/** Captures the writes that go through TypeORM, by standing around its flushes, query builders and query runners. */
export const ormEngine: CaptureEngine = {
  // A TypeORM that lacks a member is left alone here, and the first data source that is attached refuses it.
  prepare() {
    if (!missingTypeormMember()) extendTypeorm();
  },

  begin(capture) {
    const { dataSource } = capture;
    extendTypeorm();
    checkExecutions(checkExecution);
    extendQueryRunners();
    assertWritesAreSeen(dataSource);
    setRecorder(dataSource, new RawRecorder(capture));
    return () => setRecorder(dataSource, undefined);
  },
};

function extendTypeorm(): void {
  replaceQueryBuilders(auditedQueryBuilders);
  extendFlushes(flushExtension);
  extendMigrations(pendingTables);
  replaceClear(clearByDelete);
  replaceTableClear(clearTableByDelete);
}

// A TypeORM may have all of its methods and not call them any more, and another library may have replaced one.
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
