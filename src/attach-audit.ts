import { type DataSource } from 'typeorm';
import { AuditConfigurationError } from './audit.errors.js';
import { type AuditOptions } from './audit.options.js';
import { attachCapture } from './capture/attach-capture.js';
import { AuditLog } from './capture/events/audit-log.js';
import { captureOf } from './capture/intercept/capture.js';
import { assertAuditOptions } from './check-options.js';
import { AuditContext } from './context/audit-context.js';
import { HistoryService } from './history/history.service.js';
import { AuditMaintenance } from './maintenance/maintenance.service.js';
import { MaintenanceSession } from './maintenance/session/maintenance-session.js';
import './schema/attach-schema.js';

/** An audited data source, outside of Nest's injector. */
export interface AttachedAudit {
  readonly history: HistoryService;
  readonly maintenance: AuditMaintenance;
  readonly context: AuditContext;
  /** Records what is not the change of a row. */
  readonly log: AuditLog;
  /**
   * Checks that the revision tables fit the audited tables, as the option `checkTables` says. Without this call the
   * first audited write checks them, so the tables may be made after `attachAudit()`.
   *
   * @throws AuditConfigurationError listing the missing tables and columns and the narrower types, and the remedy
   * @example await attachAudit(dataSource).checkTables();
   */
  checkTables(): Promise<void>;
  /**
   * Ends this attachment; a second call does nothing. After the last attachment has ended, the data source's writes are
   * no longer recorded. The history can still be read.
   */
  detach(): void;
}

/**
 * Audits a data source without Nest, for scripts and tests.
 *
 * A data source can be attached more than once, and by `AuditModule` too. `requireActor`, `requireReason`, `skips`, `maskKey`, `checkTables` and
 * `preparedStatements` then hold for all attachments, and two attachments must not give different values.
 *
 * @param dataSource initialised
 * @throws AuditConfigurationError naming the mistake in the data source or the options, and the remedy
 * @example
 * const { history, context } = attachAudit(await new DataSource({ … }).initialize());
 * await context.run({ actor: 'import' }, () => reservations.save({ party: 6 }));
 * (await history.latest(Reservation, 1))?.actor // → 'import'
 */
export function attachAudit(dataSource: DataSource, options: AuditOptions = {}): AttachedAudit {
  return attachWith(new AuditContext(), dataSource, options);
}

/** Like `attachAudit()`, with the context of an application. */
export function attachWith(
  context: AuditContext,
  dataSource: DataSource,
  options: AuditOptions,
): AttachedAudit {
  assertAuditOptions(options);
  if (!dataSource.isInitialized)
    throw new AuditConfigurationError(
      'The data source is not initialised, so its entities are not known yet. Await dataSource.initialize() first; ' +
        'with AuditModule leave out manualInitialization.',
    );
  const detach = attachCapture(dataSource, options, context);
  const capture = captureOf(dataSource)!;
  return {
    history: new HistoryService(dataSource, undefined, options),
    maintenance: new AuditMaintenance(new MaintenanceSession(capture, options, context)),
    context,
    log: new AuditLog(capture),
    checkTables: () => capture.checkTables(),
    detach,
  };
}
