import { Inject, type InjectionToken } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { AuditMaintenance } from './maintenance/audit-maintenance.js';

/**
 * What the maintenance of a data source is provided under: the class for the default data source, else a token of
 * its own, also if the named data source is the only one that is audited.
 *
 * @example moduleRef.get(getMaintenanceToken('archive'), { strict: false })
 */
export function getMaintenanceToken(
  dataSource?: string | DataSource | DataSourceOptions,
): InjectionToken<AuditMaintenance> {
  const token = getDataSourceToken(dataSource);
  return token === DataSource
    ? AuditMaintenance
    : Symbol.for(`nestjs-typeorm-audit:maintenance:${String(token)}`);
}

/**
 * Injects the maintenance of a named data source.
 *
 * @param dataSource as @nestjs/typeorm names it. Default: the default data source
 * @example constructor(@InjectMaintenance('archive') private readonly maintenance: AuditMaintenance) {}
 */
export function InjectMaintenance(dataSource?: string | DataSource | DataSourceOptions): ParameterDecorator {
  return Inject(getMaintenanceToken(dataSource));
}
