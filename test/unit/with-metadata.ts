import { DataSource, type DataSourceOptions } from 'typeorm';

/** A data source that knows its entities, and has no connection. */
export async function withMetadata(
  entities: DataSourceOptions['entities'],
  options: Partial<DataSourceOptions> = {},
): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    ...options,
    entities,
  } as DataSourceOptions);
  await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  return dataSource;
}
