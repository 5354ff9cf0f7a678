import { type DataSource, type QueryRunner } from 'typeorm';

// MariaDB alone runs what is in such a comment, and proxies pass it on.
const ASK = 'SELECT 0 /*M! + 1 */ AS isMariadb';

/** The server behind a driver for MySQL: TypeORM's types "mysql" and "mariadb" are used for both servers. */
export class MysqlServer {
  private answer: boolean | undefined;

  constructor(
    private readonly dataSource: DataSource,
    /** Sends a statement to the driver, past TypeORM. */
    private readonly ask: (queryRunner: QueryRunner, text: string) => Promise<Record<string, unknown>[]>,
  ) {}

  /** Until the server has been asked, by the version that TypeORM has read. MySQL is at version 9. */
  get isMariadb(): boolean {
    return this.answer ?? Number.parseInt(this.dataSource.driver.version ?? '') >= 10;
  }

  /** Asks the server once, as the version may be a proxy's own. Undefined when it has been asked. */
  recognise(queryRunner: QueryRunner): Promise<void> | undefined {
    if (this.answer !== undefined) return undefined;
    return this.ask(queryRunner, ASK).then(([{ isMariadb }]) => {
      this.answer = Number(isMariadb) === 1;
    });
  }
}
