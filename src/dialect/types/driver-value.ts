import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { isText } from './type-names.js';

/**
 * A value as the driver takes it, in its column's type.
 *
 * A number for a text column is sent as text. As a number SQLite's driver sends 12 as 12.0, and MySQL and MariaDB
 * compare all text of the column with it as numbers, and fail on the first that is none.
 */
export function driverValue({ driver }: DataSource, column: ColumnMetadata, value: unknown): unknown {
  const prepared: unknown = driver.preparePersistentValue(value, column);
  return typeof prepared === 'number' && isText(driver.normalizeType(column)) ? String(prepared) : prepared;
}
