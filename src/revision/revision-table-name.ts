import { type DataSource, type EntityMetadata, type EntityTarget } from 'typeorm';
import { revisionTargetOf } from './revision-of.js';

/** The name of a revision table before the naming strategy, as the strategy is to be given it. */
export interface RevisionTableName {
  /** What a nameless target is registered under, and the table's name unless the strategy changes it. */
  readonly tableName: string;
  /** The name that the strategy makes the table's name of. */
  readonly givenName: string;
}

/**
 * The audited table's name and '_rev'.
 *
 * A naming strategy that puts a prefix before every name has put it before the audited table's already, and would put
 * it there a second time. So it is given the name without the prefix.
 *
 * @example of acme_car, with a strategy that prefixes acme_: { tableName: 'acme_car_rev', givenName: 'car_rev' }
 */
export function revisionTableName(
  { namingStrategy }: DataSource,
  { tableNameWithoutPrefix: audited }: EntityMetadata,
  target: EntityTarget<any> = '',
): RevisionTableName {
  const tableName = `${audited}_rev`;
  const revision = revisionTargetOf(target, tableName);
  const className = typeof revision === 'function' ? revision.name : tableName;
  const again = namingStrategy.tableName(className, audited);
  const prefix = again.endsWith(audited) ? again.slice(0, -audited.length) : '';
  return { tableName, givenName: audited.startsWith(prefix) ? tableName.slice(prefix.length) : tableName };
}
