import { Inject, type InjectionToken, type Type } from '@nestjs/common';
import { getRepositoryToken } from '@nestjs/typeorm';
import { type DataSource, type DataSourceOptions, type EntitySchema, type ObjectLiteral } from 'typeorm';
import { revisionOf } from './revision/revision-of.js';

/** What an entity's revisions can be injected for: its class or its EntitySchema. */
export type AuditedTarget = Type<ObjectLiteral> | EntitySchema<any>;

/** What the repository of an entity's revisions is provided under. */
export function getRevisionsToken(
  entity: AuditedTarget,
  dataSource?: string | DataSource | DataSourceOptions,
): InjectionToken {
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
export function InjectRevisions(
  entity: AuditedTarget,
  dataSource?: string | DataSource | DataSourceOptions,
): ParameterDecorator {
  return Inject(getRevisionsToken(entity, dataSource));
}
