import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { isText } from './type-names.js';

/**
 * A value as the driver takes it, in its column's type.
 *
 * A number for a text column is sent as text. Otherwise SQLite's driver would send 12 as 12.0. MySQL and MariaDB would
 * convert all text of the column to numbers, and fail on the first text that is not a number.
 */
export function driverValue({ driver }: DataSource, column: ColumnMetadata, value: unknown): unknown {
  const prepared: unknown = driver.preparePersistentValue(value, column);
  return typeof prepared === 'number' && isText(driver.normalizeType(column)) ? String(prepared) : prepared;
}
