import { type DataSource, type EntityMetadata, type EntityTarget } from 'typeorm';
import { revisionTargetOf } from './revision-of.js';

/** The name of a revision table before the naming strategy. */
export interface RevisionTableName {
  /** The table's name unless the strategy changes it, and the target of a revision without a class. */
  readonly tableName: string;
  /** The name to give to the strategy, which makes the table's name from it. */
  readonly givenName: string;
}

/**
 * The audited table's name and '_rev'.
 *
 * A naming strategy with a prefix has already prefixed the audited table's name, and would add the prefix again. So it
 * gets the name without the prefix.
 *
 * @example for acme_car, with a strategy that prefixes acme_: { tableName: 'acme_car_rev', givenName: 'car_rev' }
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
