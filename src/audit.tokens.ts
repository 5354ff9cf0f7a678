/** The data source of one AuditModule, once its writes are recorded. Not exported by the module. */
export const AUDITED_DATA_SOURCE = Symbol.for('nestjs-typeorm-audit:audited-data-source');

/** The data source's AttachedAudit. */
export const ATTACHED_AUDIT = Symbol.for('nestjs-typeorm-audit:attached-audit');

/** The module's AuditOptions. */
export const AUDIT_OPTIONS = Symbol.for('nestjs-typeorm-audit:options');

/** The HistoryService of the module's endpoints. */
export const AUDIT_HISTORY = Symbol.for('nestjs-typeorm-audit:history');

/** The module's AuditModuleShape, checked. */
export const AUDIT_SHAPE = Symbol.for('nestjs-typeorm-audit:shape');

/** The controllers of the module's endpoints. */
export const AUDIT_CONTROLLERS = Symbol.for('nestjs-typeorm-audit:controllers');
