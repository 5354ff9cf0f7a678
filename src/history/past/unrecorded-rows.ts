import { Logger } from '@nestjs/common';
import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { newestCatchUp } from '../revisions/newest-catch-up.js';

// Rows older than the audit have the lowest keys. With random keys they are spread evenly, so the lowest include some.
const LOOKED_AT = 1000;

/**
 * Warns that the past lacks some rows of a table, because they have no revision. `backfill()` gives them one.
 *
 * After a backfill the maintenance table answers. Without one, the first rows by key are searched for a row that has no
 * revision; `verify()` finds the others.
 */
export class UnrecordedRows {
  private readonly logger = new Logger('AuditModule');

  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
  ) {}

  /** @param queryRunner without an open transaction, because a failed statement may end it */
  async warn(queryRunner: QueryRunner): Promise<void> {
    const { name, tablePath } = this.plan.metadata;
    try {
      const reason = await this.reason(queryRunner);
      if (reason)
        this.logger.warn(
          `history.at() reads ${tablePath} without the rows that have no revision: ${reason}. Call ` +
            `AuditMaintenance.backfill(), or run nestjs-typeorm-audit backfill, to give each of them a first one.`,
        );
    } catch (error) {
      this.logger.debug(
        `Whether rows of ${name} have no revision could not be found out: ${(error as Error).message}`,
      );
    }
  }

  private async reason(queryRunner: QueryRunner): Promise<string | undefined> {
    const newest = await newestCatchUp(this.dataSource, this.plan, queryRunner);
    if (newest) return newest.details.unfinished ? 'its last backfill was not finished' : undefined;
    // On a shared connection the first look may fall between a write and its revision.
    const isFound =
      (await this.isAnyWithout(queryRunner)) &&
      (!dialectOf(this.dataSource).sessions.sharesConnection || (await this.isAnyWithout(queryRunner)));
    return isFound ? 'they were there before it was audited, or their writes were not recorded' : undefined;
  }

  private async isAnyWithout(queryRunner: QueryRunner): Promise<boolean> {
    const { metadata, revision, keys } = this.plan;
    const { driver } = this.dataSource;
    const dialect = dialectOf(this.dataSource);
    const names = keys.map(({ databaseName }) => driver.escape(databaseName));
    const isOfRow = keysEqual(names, 'r', (n) => dialect.types.toCopy(`t.${names[n]}`, keys[n].source));
    // One index probe for each row. With NOT EXISTS some databases read the whole history.
    const rows: unknown[] = await queryRunner.query(
      `SELECT 1 AS found FROM (SELECT ${names.join(', ')} FROM ${tableName(this.dataSource, metadata)} ` +
        `ORDER BY ${names.join(', ')} ${dialect.sql.limit(LOOKED_AT)}) t ` +
        `WHERE (SELECT r.rev_version FROM ${tableName(this.dataSource, revision)} r ` +
        `WHERE ${isOfRow} ${dialect.sql.limit(1)}) IS NULL ${dialect.sql.limit(1)}`,
    );
    return rows.length > 0;
  }
}
