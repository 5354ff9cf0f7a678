import { type QueryRunner } from 'typeorm';

// What goes to the driver: neither loggers nor hooks of TypeORM's are told of it.

interface PgClient {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

interface MysqlConnection {
  query(text: string, done: (error: Error | null, rows: Record<string, unknown>[]) => void): void;
}

/** Sends a statement by the connection of the `pg` package that a query runner has. */
export async function queryPgBeneath(
  queryRunner: QueryRunner,
  text: string,
): Promise<{ rows: Record<string, unknown>[] }> {
  return ((await queryRunner.connect()) as PgClient).query(text);
}

/** Sends a statement by the connection of mysql2 that a query runner has. */
export async function queryMysqlBeneath(
  queryRunner: QueryRunner,
  text: string,
): Promise<Record<string, unknown>[]> {
  const connection = (await queryRunner.connect()) as MysqlConnection;
  return new Promise((resolve, reject) => {
    connection.query(text, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}
