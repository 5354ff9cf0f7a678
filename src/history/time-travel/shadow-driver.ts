import { type Driver } from 'typeorm/driver/Driver.js';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Past } from '../past/past.js';

/**
 * Derives a driver that hydrates a value by its copy in the revision table: the copy of an enum is text, the copy of a
 * masked column has the type of the masked value.
 */
export function shadowDriver(past: Past): Driver {
  const { driver } = past.dataSource;
  return Object.assign(Object.create(driver) as Driver, {
    prepareHydratedValue: (value: unknown, column: ColumnMetadata): unknown => {
      // Here a NOT NULL column is null where nothing was recorded, and its transformer need not accept null.
      if (value === null && !column.isNullable) return null;
      return driver.prepareHydratedValue(value, past.copyOf(column) ?? column) as unknown;
    },
  });
}
