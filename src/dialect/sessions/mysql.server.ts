import { type DataSource, type QueryRunner } from 'typeorm';
import { queryMysqlBeneath } from './query-beneath.js';

// Only MariaDB executes the SQL in an /*M! … */ comment, and proxies pass the comment on.
const ASK =
  'SELECT 0 /*M! + 1 */ AS isMariadb, 0 /*M! + (SELECT count(*) FROM information_schema.SESSION_VARIABLES ' +
  "WHERE VARIABLE_NAME = 'innodb_snapshot_isolation' AND VARIABLE_VALUE = 'ON') */ AS guardsSnapshots";

/** The server behind mysql2. TypeORM's types "mysql" and "mariadb" don't tell, because both work with both servers. */
export class MysqlServer {
  private answer: { readonly isMariadb: boolean; readonly guardsSnapshots: boolean } | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** Until `recognise()` has asked the server, TypeORM's version of the server decides. MySQL is at version 9. */
  get isMariadb(): boolean {
    return this.answer?.isMariadb ?? Number.parseInt(this.dataSource.driver.version ?? '') >= 10;
  }

  /**
   * Whether a write fails if it finds a row newer than its transaction's snapshot (`innodb_snapshot_isolation`), by
   * default on MariaDB from 11.6.2 on. Call `recognise()` first.
   */
  get guardsSnapshots(): boolean {
    return this.answer?.guardsSnapshots ?? false;
  }

  /** Asks the server once, because the version may be a proxy's. Undefined if the server has already answered. */
  recognise(queryRunner: QueryRunner): Promise<void> | undefined {
    if (this.answer !== undefined) return undefined;
    return queryMysqlBeneath(queryRunner, ASK).then(([{ isMariadb, guardsSnapshots }]) => {
      this.answer = { isMariadb: Number(isMariadb) === 1, guardsSnapshots: Number(guardsSnapshots) === 1 };
    });
  }
}
