import { Inject, type InjectionToken, type Type } from '@nestjs/common';
import { getDataSourceToken, getRepositoryToken } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions, type EntitySchema, type ObjectLiteral } from 'typeorm';
import { AuditLog } from './capture/events/audit-log.js';
import { HistoryService } from './history/history.service.js';
import { AuditMaintenance } from './maintenance/maintenance.service.js';
import { revisionOf } from './revision/revision-of.js';

type NamedDataSource = string | DataSource | DataSourceOptions;

/**
 * The injection token of a data source's history: the class HistoryService for the default data source, else a token
 * of its own. A named data source has its own token also if no other one is audited.
 *
 * @example moduleRef.get(getHistoryToken('archive'), { strict: false })
 */
export function getHistoryToken(dataSource?: NamedDataSource): InjectionToken<HistoryService> {
  return tokenOf(HistoryService, 'history', dataSource);
}

/**
 * Injects the history of a named data source.
 *
 * @param dataSource as @nestjs/typeorm names it. Default: the default data source
 * @example constructor(@InjectHistory('archive') private readonly history: HistoryService) {}
 */
export function InjectHistory(dataSource?: NamedDataSource): ParameterDecorator {
  return Inject(getHistoryToken(dataSource));
}

/**
 * The injection token of a data source's maintenance: the class AuditMaintenance for the default data source, else a
 * token of its own. A named data source has its own token also if no other one is audited.
 *
 * @example moduleRef.get(getMaintenanceToken('archive'), { strict: false })
 */
export function getMaintenanceToken(dataSource?: NamedDataSource): InjectionToken<AuditMaintenance> {
  return tokenOf(AuditMaintenance, 'maintenance', dataSource);
}

/**
 * Injects the maintenance of a named data source.
 *
 * @param dataSource as @nestjs/typeorm names it. Default: the default data source
 * @example constructor(@InjectMaintenance('archive') private readonly maintenance: AuditMaintenance) {}
 */
export function InjectMaintenance(dataSource?: NamedDataSource): ParameterDecorator {
  return Inject(getMaintenanceToken(dataSource));
}

/**
 * The injection token of a data source's log of events: the class AuditLog for the default data source, else a token of
 * its own. A named data source has its own token also if no other one is audited.
 *
 * @example moduleRef.get(getAuditLogToken('archive'), { strict: false })
 */
export function getAuditLogToken(dataSource?: NamedDataSource): InjectionToken<AuditLog> {
  return tokenOf(AuditLog, 'log', dataSource);
}

/**
 * Injects the log of events of a named data source.
 *
 * @param dataSource as @nestjs/typeorm names it. Default: the default data source
 * @example constructor(@InjectAuditLog('archive') private readonly log: AuditLog) {}
 */
export function InjectAuditLog(dataSource?: NamedDataSource): ParameterDecorator {
  return Inject(getAuditLogToken(dataSource));
}

/** An audited entity: its class or its EntitySchema. */
export type AuditedTarget = Type<ObjectLiteral> | EntitySchema<any>;

/**
 * The injection token of the repository of an entity's revisions.
 *
 * @param dataSource as @nestjs/typeorm names it. Default: the default data source
 * @example moduleRef.get(getRevisionsToken(Reservation), { strict: false })
 */
export function getRevisionsToken(entity: AuditedTarget, dataSource?: NamedDataSource): InjectionToken {
  return getRepositoryToken(revisionOf(entity), dataSource) as InjectionToken;
}

/**
 * Injects the repository of an entity's revisions, which `AuditModule.forFeature([Entity])` provides.
 *
 * @param dataSource as @nestjs/typeorm names it. Default: the default data source
 * @example
 * constructor(
 *   @InjectRevisions(Reservation) private readonly revisions: Repository<RevisionEntity<Reservation>>,
 * ) {}
 */
export function InjectRevisions(entity: AuditedTarget, dataSource?: NamedDataSource): ParameterDecorator {
  return Inject(getRevisionsToken(entity, dataSource));
}

function tokenOf<T>(
  service: Type<T>,
  name: string,
  dataSource: NamedDataSource | undefined,
): InjectionToken<T> {
  const token = getDataSourceToken(dataSource);
  return token === DataSource ? service : Symbol.for(`nestjs-typeorm-audit:${name}:${String(token)}`);
}
