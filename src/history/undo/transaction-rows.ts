import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { PlanSql } from '../../audited/plan-sql.js';
import { type Key } from '../../dialect/keys/key.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { historyOf } from '../history.js';
import { keyIn, keyList } from '../restore/restore-sql.js';
import { tablesOfTransaction } from '../revisions/changesets.js';

/** A row that a transaction wrote. */
export interface TransactionRow {
  readonly plan: AuditPlan;
  readonly key: Key;
  /** The row's first version in the transaction. */
  readonly first: number;
  /** `rev_created` of the row's newest revision in the transaction. */
  readonly last: number;
}

/** The rows that a transaction wrote, in reverse order. Baselines don't count: they wrote no row. */
export async function rowsOfTransaction(
  dataSource: DataSource,
  transaction: string,
  queryRunner?: QueryRunner,
): Promise<TransactionRow[]> {
  const rows: TransactionRow[] = [];
  const reading = historyOf(dataSource).reading(dataSource, { queryRunner });
  for (const plan of await tablesOfTransaction(reading, transaction)) {
    const sql = new PlanSql(dataSource, plan);
    const keys = plan.keys.map(({ copy }) => copy);
    const found = await readTemplate(
      queryRunner ?? dataSource,
      sql.dialect,
      `SELECT ${keyList(sql, keys, 'r')}, min(r.rev_version) AS first_version, max(r.rev_created) AS last_created ` +
        `FROM ${writesOf(sql)} GROUP BY ${keys.map((key) => `r.${sql.column(key)}`).join(', ')}`,
      { transaction },
    );
    for (const row of found)
      rows.push({
        plan,
        key: keyIn(row, keys),
        first: Number(row.first_version),
        last: Number(row.last_created),
      });
  }
  return rows.sort(newestFirst);
}

/** The tables that a transaction wrote, baselines apart. */
export async function tablesWritten(dataSource: DataSource, transaction: string): Promise<AuditPlan[]> {
  const reading = historyOf(dataSource).reading(dataSource, {});
  const written: AuditPlan[] = [];
  for (const plan of await tablesOfTransaction(reading, transaction)) {
    const sql = new PlanSql(dataSource, plan);
    const template = `SELECT 1 FROM ${writesOf(sql)} ${sql.dialect.sql.limit(1)}`;
    const found = await readTemplate(dataSource, sql.dialect, template, { transaction });
    if (found.length > 0) written.push(plan);
  }
  return written;
}

/** The revisions `r` that the transaction `{{transaction}}` made of writes, for FROM. */
function writesOf({ revisions, dialect }: PlanSql): string {
  const transaction = dialect.types.value('{{transaction}}', 'uuid');
  return `${revisions} r WHERE r.rev_transaction = ${transaction} AND r.rev_operation <> 'baseline'`;
}

/** The order of rows by what the transaction wrote last. */
export function newestFirst(left: TransactionRow, right: TransactionRow): number {
  return right.last - left.last;
}
