import { Inject, type InjectionToken, type Type } from '@nestjs/common';
import { getDataSourceToken, getRepositoryToken } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions, type EntitySchema, type ObjectLiteral } from 'typeorm';
import { HistoryService } from './history/history.service.js';
import { AuditMaintenance } from './maintenance/maintenance.service.js';
import { revisionOf } from './revision/revision-of.js';

type NamedDataSource = string | DataSource | DataSourceOptions;

/**
 * What the history of a data source is provided under: the class for the default data source, else a token of
 * its own, also if the named data source is the only one that is audited.
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
 * What the maintenance of a data source is provided under: the class for the default data source, else a token of
 * its own, also if the named data source is the only one that is audited.
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

/** What an entity's revisions can be injected for: its class or its EntitySchema. */
export type AuditedTarget = Type<ObjectLiteral> | EntitySchema<any>;

/** What the repository of an entity's revisions is provided under. */
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
