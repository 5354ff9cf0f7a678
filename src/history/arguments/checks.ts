import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
import { unstorableIn } from '../../context/unstorable.js';
import { AUDIT_OPERATIONS, type AuditOperation } from '../../revision/revision-columns.js';

export { AUDIT_OPERATIONS };

/** How many items are on a page by default. */
export const DEFAULT_LIMIT = 50;
/** The most items on a page. */
export const MAX_LIMIT = 200;

/** The ids of revisions and transactions, in lower case. */
export const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** @throws InvalidArgumentError */
export function assertLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new InvalidArgumentError(
      'limit',
      `must be an integer from 1 to ${MAX_LIMIT}, got ${inspect(limit)}.`,
    );
}

/** @throws InvalidArgumentError */
export function assertOrder(order: unknown): asserts order is 'asc' | 'desc' {
  if (order !== 'asc' && order !== 'desc')
    throw new InvalidArgumentError('order', `must be 'asc' or 'desc', got "${String(order)}".`);
}

/** @throws InvalidArgumentError */
export function assertBoolean(argument: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean')
    throw new InvalidArgumentError(argument, `must be true or false, got ${JSON.stringify(value)}.`);
}

/** @throws InvalidArgumentError naming the argument, unless it is undefined or a text that a database can store */
export function assertText(argument: string, text: unknown): void {
  if (text === undefined) return;
  if (typeof text !== 'string')
    throw new InvalidArgumentError(
      argument,
      `must be a string, got ${text === null ? 'null' : typeof text}.`,
    );
  const unstorable = unstorableIn(text);
  if (unstorable !== undefined)
    throw new InvalidArgumentError(
      argument,
      `has the character ${unstorable}, which a database can't store as text. Remove it.`,
    );
}

/** @throws InvalidArgumentError */
export function assertOperation(operation: AuditOperation | undefined): void {
  if (operation !== undefined && !AUDIT_OPERATIONS.includes(operation))
    throw new InvalidArgumentError(
      'operation',
      `must be one of ${AUDIT_OPERATIONS.join(', ')}, got "${String(operation)}".`,
    );
}

/** The id of a transaction in lower case. @throws InvalidArgumentError */
export function transactionId(id: unknown): string {
  const text = typeof id === 'string' ? id.toLowerCase() : String(id);
  if (UUID.test(text)) return text;
  throw new InvalidArgumentError(
    'transaction',
    `must be the id of a transaction, which is a UUID, got "${String(id)}".`,
  );
}
