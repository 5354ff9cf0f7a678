import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { keyText } from '../../dialect/keys/key-text.js';
import { type WriteOperation, type Write } from '../write/write.js';

/**
 * The writes of an update that may have changed keys. The history of an old key ends with a delete, the history of a
 * new key begins with an insert. A key that is both old and new was updated.
 */
export function rekey(
  plan: AuditPlan,
  operation: WriteOperation,
  before: readonly Key[],
  after: readonly Key[],
  sets?: ReadonlySet<string>,
): Write[] {
  if (before === after) return [{ plan, operation, keys: after, sets }];
  const old = new Set(before.map(keyText));
  const next = new Set(after.map(keyText));
  return [
    { plan, operation: 'delete', keys: before.filter((key) => !next.has(keyText(key))) },
    { plan, operation, keys: after.filter((key) => old.has(keyText(key))) },
    { plan, operation: 'insert', keys: after.filter((key) => !old.has(keyText(key))) },
  ];
}
