import { type DataSource } from 'typeorm';

/** The data source of a manager, query runner or builder. TypeORM 0.3 calls it `connection`. */
export function dataSourceOf(owner: object): DataSource {
  const { dataSource, connection } = owner as { dataSource?: DataSource; connection: DataSource };
  return dataSource ?? connection;
}
