/** The data source of one AuditModule, from when its writes are recorded. Not seen outside of the module. */
export const AUDITED_DATA_SOURCE = Symbol.for('nestjs-typeorm-audit:audited-data-source');

/** What `attachAudit()` returned for it. */
export const ATTACHED_AUDIT = Symbol.for('nestjs-typeorm-audit:attached-audit');

/** The HistoryService that its endpoints read with. */
export const AUDIT_HISTORY = Symbol.for('nestjs-typeorm-audit:history');

/** Its AuditModuleShape, checked. */
export const AUDIT_SHAPE = Symbol.for('nestjs-typeorm-audit:shape');

/** The controllers of its endpoints. */
export const AUDIT_CONTROLLERS = Symbol.for('nestjs-typeorm-audit:controllers');
