import { type QueryRunner } from 'typeorm';

// Statements straight to the driver. TypeORM's loggers and hooks don't see them.

interface PgClient {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

interface MysqlConnection {
  query(text: string, done: (error: Error | null, rows: Record<string, unknown>[]) => void): void;
}

/** Sends a statement on the query runner's connection of the `pg` package. */
export async function queryPgBeneath(
  queryRunner: QueryRunner,
  text: string,
): Promise<{ rows: Record<string, unknown>[] }> {
  return ((await queryRunner.connect()) as PgClient).query(text);
}

/** Sends a statement on the query runner's connection of mysql2. */
export async function queryMysqlBeneath(
  queryRunner: QueryRunner,
  text: string,
): Promise<Record<string, unknown>[]> {
  const connection = (await queryRunner.connect()) as MysqlConnection;
  return new Promise((resolve, reject) => {
    connection.query(text, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}
