import 'reflect-metadata';

export { AuditModule } from './audit.module.js';
export {
  type AuditMetadata,
  type AuditModuleOptions,
  type AuditModuleShape,
  type AuditOptions,
  type AuditOptionsFactory,
  type EndpointOptions,
} from './audit.options.js';
export { type AttachedAudit, attachAudit } from './attach-audit.js';

export { Audited, type AuditedOptions, type AuditedWrite } from './audited/audited.decorator.js';
export { NotAudited } from './audited/not-audited.decorator.js';
export { RevisionId } from './audited/revision-id.decorator.js';

export { type RevisionEntity, revisionOf } from './revision/revision-of.js';
export { type AuditOperation, type RevisionColumns } from './revision/revision-columns.js';
export { getRevisionsToken, InjectRevisions } from './inject-revisions.decorator.js';

export { HistoryService } from './history/history.service.js';
export {
  type Change,
  type EntityId,
  type Page,
  type Revision,
  type TimelineOptions,
} from './history/revision.js';
export { getHistoryToken, InjectHistory } from './inject-history.decorator.js';

export { AuditContext, type AuditContextState, type AuditContextValues } from './context/audit-context.js';

export { AuditController } from './http/audit.controller.js';
export { type EntityDescription } from './http/audited-entities.js';

export {
  ActorRequiredError,
  AuditConfigurationError,
  AuditContextError,
  AuditError,
  InvalidArgumentError,
  NotAuditedError,
  RevisionDeleteForbiddenError,
  RevisionUpdateForbiddenError,
  TransactionRequiredError,
  UnrecordedWriteError,
  UnsupportedDriverError,
} from './audit.errors.js';
