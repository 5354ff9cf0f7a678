import { type Driver } from 'typeorm/driver/Driver.js';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Past } from '../past/past.js';

/**
 * A driver that is the given one, but that reads a value as the copy it comes from: that of an enum is text, that of
 * a masked column whatever is shown of it.
 */
export function shadowDriver(past: Past): Driver {
  const { driver } = past.dataSource;
  return Object.assign(Object.create(driver) as Driver, {
    prepareHydratedValue: (value: unknown, column: ColumnMetadata): unknown => {
      // A column that was never null has a transformer that needn't take it; here it is where nothing was recorded.
      if (value === null && !column.isNullable) return null;
      return driver.prepareHydratedValue(value, past.copyOf(column) ?? column) as unknown;
    },
  });
}
