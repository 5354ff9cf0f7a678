import { Inject, type InjectionToken } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { HistoryService } from './history/history.service.js';

/**
 * What the history of a data source is provided under: the class for the default data source, else a token of
 * its own, also if the named data source is the only one that is audited.
 *
 * @example moduleRef.get(getHistoryToken('archive'), { strict: false })
 */
export function getHistoryToken(
  dataSource?: string | DataSource | DataSourceOptions,
): InjectionToken<HistoryService> {
  const token = getDataSourceToken(dataSource);
  return token === DataSource ? HistoryService : Symbol.for(`nestjs-typeorm-audit:history:${String(token)}`);
}

/**
 * Injects the history of a named data source.
 *
 * @param dataSource as @nestjs/typeorm names it. Default: the default data source
 * @example constructor(@InjectHistory('archive') private readonly history: HistoryService) {}
 */
export function InjectHistory(dataSource?: string | DataSource | DataSourceOptions): ParameterDecorator {
  return Inject(getHistoryToken(dataSource));
}
