import 'reflect-metadata';

export { AuditModule } from './audit.module.js';
export {
  type AuditMetadata,
  type AuditModuleOptions,
  type AuditModuleShape,
  type AuditOptions,
  type AuditOptionsFactory,
  type EndpointOptions,
  type EndpointWrite,
} from './audit.options.js';
export { type AttachedAudit, attachAudit } from './attach-audit.js';

export { Audited } from './audited/decorators/audited.decorator.js';
export { type AuditedOptions, type AuditedWrite } from './audited/marks/audited-options.js';
export { Masked } from './audited/decorators/masked.decorator.js';
export { NotAudited } from './audited/decorators/not-audited.decorator.js';
export { RevisionId } from './audited/decorators/revision-id.decorator.js';
export { type Mask } from './dialect/masks/digest-key.js';

export { type RevisionEntity, revisionOf } from './revision/revision-of.js';
export { type Json, type Scalar, type ToOne } from './revision/types/property-kind.js';
export { type Snapshot } from './revision/types/snapshot.js';
export { type AuditOperation, type RevisionColumns } from './revision/revision-columns.js';
export { getRevisionsToken, InjectRevisions } from './inject.decorators.js';

export { HistoryService } from './history/history.service.js';
export { type DescribeOptions } from './history/types/describe.js';
export { type Words, type WordsByLocale } from './history/words/words.js';
export {
  type EventFeedOptions,
  type FeedEvent,
  type FeedItem,
  type FeedOptions,
  type ReadFeed,
  type ReadTransaction,
  type TransactionOptions,
} from './history/types/feed.js';
export { type Change, type ChangeOf } from './history/types/change.js';
export { type FeedEntities, type RevisionOf } from './history/types/feed-entities.js';
export { type FeedRevision } from './history/types/feed-revision.js';
export { type PropertyOrRelation, type PropertyPath } from './history/types/property-path.js';
export { type Revision } from './history/types/revision.js';
export { type EntityId } from './history/types/entity-id.js';
export { type ChangedValues, type RevisionFilters } from './history/types/filters.js';
export { type AllOf, type Page, type PageOptions } from './history/types/page.js';
export {
  type RestoreOptions,
  type UndoOptions,
  type UndoPage,
  type UndoPageOptions,
} from './history/types/restore.js';
export { type ReadTimeline, type TimelineOptions } from './history/types/timeline.js';
export { type TransactionSummary } from './history/types/transaction-summary.js';
export { type EntityMoment, type Moment } from './history/types/moment.js';
export { TimeTravel } from './history/time-travel/time-travel.js';
export { getHistoryToken, InjectHistory } from './inject.decorators.js';

export { type HistoryRename, renameHistory } from './schema/rename-history.js';
export { clearAudited, type ClearAuditedOptions } from './maintenance/clear-audited.js';
export { AuditMaintenance } from './maintenance/maintenance.service.js';
export {
  type BackfillOptions,
  type CatchUpResult,
  type EraseOptions,
  type EraseResult,
  type Finding,
  type FindingKind,
  type MaintenanceOptions,
  type MaintenanceProgress,
  type MaintenanceWriteOptions,
  type PruneOptions,
  type PruneResult,
  type RowFinding,
  type TableEstimate,
  type VerifyOptions,
  type VerifyReport,
} from './maintenance/maintenance.types.js';
export { AuditEvent } from './revision/audit-event.js';
export { Changeset } from './revision/changeset.js';
export { type MaintenanceAction, MaintenanceRecord } from './revision/maintenance-record.js';
export { Shape, type ShapeColumn } from './revision/shape.js';
export { getMaintenanceToken, InjectMaintenance } from './inject.decorators.js';

export { type RequestOrigin } from './context/request-of.js';
export { AuditLog, type LoggedEvent, type RecordOptions } from './capture/events/audit-log.js';
export { getAuditLogToken, InjectAuditLog } from './inject.decorators.js';
export { AuditAction, type AuditActionOptions } from './context/audit-action.decorator.js';
export { AuditContext, type AuditContextState, type AuditContextValues } from './context/audit-context.js';

export { AuditController } from './http/audit.controller.js';
export { type LargeValue } from './http/show/large-values.js';
export { type EntityDescription } from './http/audited-entities.js';

export {
  ActorRequiredError,
  AuditConfigurationError,
  AuditContextError,
  AuditError,
  HistoricEntityError,
  HistoryReadOnlyError,
  InvalidArgumentError,
  LabelError,
  NotAuditedError,
  PreparedStatementError,
  ReadTimeoutError,
  ReasonRequiredError,
  type RestoreConflict,
  RestoreConflictError,
  RevisionDeleteForbiddenError,
  RevisionInsertForbiddenError,
  RevisionUpdateForbiddenError,
  SkippedWriteError,
  TransactionRequiredError,
  UndoConflictError,
  UnrecordedWriteError,
  UnsupportedDriverError,
} from './audit.errors.js';
