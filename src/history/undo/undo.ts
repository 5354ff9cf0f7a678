import { type DataSource } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { assertOptions, type OptionNames } from '../../option-names.js';
import { assertLimit, transactionId } from '../arguments/checks.js';
import { decodeCursor, encodeCursor } from '../arguments/cursor.js';
import { transactionRequest } from '../feed/feed-request.js';
import { countOf, readPart, readTransaction, withoutChangeset } from '../feed/transaction.js';
import { tablesOfTransaction } from '../revisions/changesets.js';
import { type UndoOptions, type UndoPage, type UndoPageOptions } from '../types/restore.js';
import { type Revision } from '../types/revision.js';
import { applyUndo } from './apply-undo.js';

const OPTIONS: OptionNames<UndoOptions> = { dryRun: true, except: true, manager: true };
const PAGE_OPTIONS: OptionNames<UndoPageOptions> = { ...OPTIONS, limit: true, cursor: true };

/**
 * Undoes a transaction.
 *
 * @returns all new revisions, in the order in which they were made; with `limit` a page of them
 * @throws UndoConflictError
 * @throws InvalidArgumentError 'transaction', when it has no revisions to undo; 'options', or one of them
 */
export async function undo(
  dataSource: DataSource,
  transaction: string,
  options: UndoOptions | UndoPageOptions,
): Promise<Revision[] | UndoPage> {
  assertOptions('options', options, PAGE_OPTIONS);
  const { limit, cursor = null } = options as Partial<UndoPageOptions>;
  if (limit !== undefined) return pageOf(dataSource, transaction, { ...options, limit, cursor });
  if (cursor !== null)
    throw new InvalidArgumentError('limit', 'must be given beside cursor. Give the one of the page before.');
  return applyUndo(dataSource, transaction, options, ({ reading, transaction: id, behind }) =>
    readTransaction(reading, id, behind),
  );
}

async function pageOf(
  dataSource: DataSource,
  transaction: string,
  options: UndoPageOptions,
): Promise<UndoPage> {
  const { limit, cursor, dryRun = false } = options;
  assertLimit(limit);
  const list = `dry run of undo ${transactionId(transaction)}`;
  const isFirst = cursor === undefined || cursor === null;
  if (!isFirst && !dryRun)
    throw new InvalidArgumentError(
      'cursor',
      `must be left out, unless dryRun is on. Give the nextCursor of an undo to history.transaction().`,
    );
  const skip = isFirst ? 0 : decodeCursor(list, cursor);
  return applyUndo(dataSource, transaction, options, async ({ reading, transaction: id, behind }) => {
    const plans = await tablesOfTransaction(reading, id);
    const { items, end } = await readPart(reading, plans, { transaction: id, after: behind, skip, limit });
    const next = (last: string): string =>
      dryRun ? encodeCursor(list, skip + limit) : encodeCursor(transactionRequest(id, {}).list, last);
    return {
      items: items.map(withoutChangeset),
      count: await countOf(reading, plans, id, behind),
      nextCursor: end === undefined ? null : next(end),
    };
  });
}
