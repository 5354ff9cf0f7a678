import { auditPlansOf } from '../../audited/audit-plans.js';
import { dateOf } from '../arguments/moment.js';
import { changesetTable, hasChangesets } from '../revisions/changesets.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type TransactionSummary } from '../types/transaction-summary.js';
import { transactionRequest } from './feed-request.js';
import { readTransaction } from './transaction.js';

/** Who wrote what in a transaction, from its changesets. @throws InvalidArgumentError */
export async function readSummary(reading: Reading, id: string): Promise<TransactionSummary | null> {
  const { transaction } = transactionRequest(id, {});
  const rows = (await hasChangesets(reading)) ? await readChangesets(reading, transaction) : [];
  if (rows.length === 0) return summaryOfRevisions(reading, transaction);
  const names = new Map(
    auditPlansOf(reading.dataSource).all.map((plan) => [plan.number, plan.name] as const),
  );
  const [{ created, actor, on_behalf: onBehalf, action, request }] = rows;
  return {
    id: transaction,
    createdAt: dateOf(Number(created)),
    actor: actor as string | null,
    onBehalf: onBehalf as string | null,
    action: action as string | null,
    request: request as string | null,
    // The number of a further context is negative, and is no table's.
    entities: rows.flatMap(({ entity }) => names.get(Number(entity)) ?? []).sort(),
  };
}

function readChangesets(reading: Reading, transaction: string): Promise<Record<string, unknown>[]> {
  const statement = reading.tables.statement(
    'changesets of a transaction',
    () =>
      `SELECT c.entity AS entity, c.created AS created, c.actor AS actor, c.on_behalf AS on_behalf, c.action AS action, ` +
      `c.request AS request FROM ${changesetTable(reading)} c WHERE c.id = {{transaction}} ORDER BY c.created, c.entity DESC`,
  );
  return readRows(reading, statement, { transaction });
}

// An older version of this library has written it.
async function summaryOfRevisions(reading: Reading, id: string): Promise<TransactionSummary | null> {
  const revisions = await readTransaction(reading, id);
  const first = revisions.at(0);
  if (!first) return null;
  const { createdAt, actor } = first;
  const entities = [...new Set(revisions.map(({ entity }) => entity))].sort();
  return { id, createdAt, actor, onBehalf: null, action: null, request: null, entities };
}
