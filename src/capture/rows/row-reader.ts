import { type DataSource } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { type KeyReader } from './key-reader.js';

/** Finds the rows of one data source. */
export interface RowReader {
  readonly dataSource: DataSource;
  readonly dialect: Dialect;
  readonly keys: KeyReader;
}
