import { type AuditPlan } from '../../audited/audit-plan.js';
import { PlanSql } from '../../audited/plan-sql.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { type HistoryWrite } from '../restore/write-transaction.js';
import { rowTable } from '../revisions/key-tables.js';
import { type TransactionRow } from './transaction-rows.js';

/** A row before, in and after a transaction. */
export interface RowStates {
  /** The revision before the transaction; null if there is none. */
  readonly previous: string | null;
  /** Whether the row was new in the transaction. */
  readonly isNew: boolean;
  /** Its newest version of the transaction. */
  readonly own: number;
  /** Its first version since; undefined if it has not changed since. */
  readonly newer: number | undefined;
  /** Whether the row is deleted. */
  readonly isGone: boolean;
}

/** The states of rows that a transaction wrote, in their order. The rows are locked. */
export async function readStates(
  { dataSource, queryRunner, reading, transaction: { isGiven } }: HistoryWrite,
  plan: AuditPlan,
  transaction: string,
  rows: readonly Pick<TransactionRow, 'key' | 'first'>[],
): Promise<RowStates[]> {
  const sql = new PlanSql(dataSource, plan);
  const { types, locks, sql: syntax } = sql.dialect;
  const keys = await rowTable(reading, plan);
  const key = sql.keyOfCopy((n) => keys.key(n));
  const flag = (condition: string): string => `CASE WHEN ${condition} THEN 1 ELSE 0 END`;
  // A caller's transaction may have an older snapshot than the locks on the rows.
  const now = isGiven ? locks.readNow('o') : '';
  const found = await readTemplate(
    queryRunner,
    sql.dialect,
    `SELECT ${keys.ordinal} AS n, b.rev_id AS previous, ${flag('b.rev_isdelete')} AS was_gone, ` +
      `o.rev_version AS version, o.rev_operation AS operation, ${flag('o.rev_isdelete')} AS is_gone, ` +
      `${flag(`o.rev_transaction = ${types.value('{{transaction}}', 'uuid')}`)} AS is_own FROM ${keys.sql} ` +
      `${syntax.leadingJoin} ${sql.revisions} o ON ${sql.hasKey('o', key)} AND o.rev_version >= ${keys.version} ` +
      `LEFT JOIN ${sql.revisions} b ON ${sql.hasKey('b', key)} AND b.rev_version = ${keys.version} - 1 ` +
      `ORDER BY 1, o.rev_version${now}`,
    { transaction, ...keys.bind(rows.map(({ key: own, first }) => ({ key: own, version: first }))) },
  );
  const states: RowStates[] = [];
  for (const row of found) {
    const n = Number(row.n);
    const version = Number(row.version);
    const isOwn = Number(row.is_own) === 1;
    const { previous, isNew, own, newer } = (states[n] as RowStates | undefined) ?? {
      previous: row.previous as string | null,
      isNew: row.operation === 'insert' || Number(row.was_gone) === 1,
      own: version,
      newer: undefined,
    };
    states[n] = {
      previous,
      isNew,
      own: isOwn ? version : own,
      newer: isOwn ? newer : (newer ?? version),
      isGone: Number(row.is_gone) === 1,
    };
  }
  return states;
}
