import { type DataSource, type QueryRunner } from 'typeorm';
import { queryMysqlBeneath } from './query-beneath.js';

// MariaDB alone runs what is in such a comment, and proxies pass it on.
const ASK =
  'SELECT 0 /*M! + 1 */ AS isMariadb, 0 /*M! + (SELECT count(*) FROM information_schema.SESSION_VARIABLES ' +
  "WHERE VARIABLE_NAME = 'innodb_snapshot_isolation' AND VARIABLE_VALUE = 'ON') */ AS guardsSnapshots";

/** The server behind a driver for MySQL: TypeORM's types "mysql" and "mariadb" are used for both servers. */
export class MysqlServer {
  private answer: { readonly isMariadb: boolean; readonly guardsSnapshots: boolean } | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** Until the server has been asked, by the version that TypeORM has read. MySQL is at version 9. */
  get isMariadb(): boolean {
    return this.answer?.isMariadb ?? Number.parseInt(this.dataSource.driver.version ?? '') >= 10;
  }

  /**
   * Whether a write fails that finds a row newer than its transaction's snapshot, as MariaDB's do from 11.6.2 on by
   * default. It has to have been asked.
   */
  get guardsSnapshots(): boolean {
    return this.answer?.guardsSnapshots ?? false;
  }

  /** Asks the server once, as the version may be a proxy's own. Undefined when it has been asked. */
  recognise(queryRunner: QueryRunner): Promise<void> | undefined {
    if (this.answer !== undefined) return undefined;
    return queryMysqlBeneath(queryRunner, ASK).then(([{ isMariadb, guardsSnapshots }]) => {
      this.answer = { isMariadb: Number(isMariadb) === 1, guardsSnapshots: Number(guardsSnapshots) === 1 };
    });
  }
}
