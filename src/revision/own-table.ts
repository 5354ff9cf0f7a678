import { type BaseEntity, type ColumnOptions, type DataSource, type EntityMetadata } from 'typeorm';
import { MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { EntityMetadataBuilder } from 'typeorm/metadata-builder/EntityMetadataBuilder.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type Types } from '../dialect/types/types.js';

/** The longest path of an audited table, with its schema, that these tables store. */
export const MAX_TABLE_LENGTH = 255;

/** A table of the library beside the revision tables. Every data source with audited entities has one of each. */
export interface OwnTable<E extends BaseEntity> {
  readonly target: new () => E;
  readonly name: string;
  /** The options of the columns by property. A column is named after its property unless it has a `name`. */
  readonly columns: (types: Types) => Record<Exclude<keyof E, keyof BaseEntity>, ColumnOptions>;
  readonly indices?: readonly OwnIndex[];
  /** SQLite then keeps no rowid, so an INSERT leaves `last_insert_rowid()` as it was, and there is one B-tree less. */
  readonly withoutRowid?: boolean;
}

export interface OwnIndex {
  readonly columns: string[];
  readonly unique?: boolean;
  /** A column: rows without a value of it are not in the index, on databases with partial indexes. */
  readonly present?: string;
}

/** The metadata of such a table, as TypeORM would build it from a class. */
export function buildOwnTable(
  dataSource: DataSource,
  { target, name, columns, indices = [], withoutRowid }: OwnTable<any>,
): EntityMetadata {
  const storage = new MetadataArgsStorage();
  storage.tables.push({ target, name, type: 'regular', withoutRowid });
  const { types, sql } = dialectOf(dataSource);
  const options: Record<string, ColumnOptions> = columns(types);
  for (const [propertyName, given] of Object.entries(options))
    storage.columns.push({
      target,
      mode: 'regular',
      propertyName,
      options: { name: propertyName, ...given },
    });
  for (const { present, ...index } of indices) {
    const where =
      present && sql.hasPartialIndexes ? `${dataSource.driver.escape(present)} IS NOT NULL` : undefined;
    storage.indices.push({ target, ...index, where });
  }
  return new EntityMetadataBuilder(dataSource, storage).build()[0];
}
