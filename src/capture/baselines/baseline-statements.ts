import { type KeyTable } from '../../dialect/keys/key.js';
import { compileStatement, type Statement } from '../../dialect/run/statement.js';
import { type Recording, type RevisionSql } from '../writer/revision-sql.js';
import { skipTaken } from '../writer/revision-statements.js';

const FIRST: Recording = { rows: 'live', newest: 'none', upsert: false, setsBlind: false };

/** The column of `lookForNone()` that tells whether the row has no history. */
export const HAS_NONE = 'audit_has_none';

/**
 * INSERT … SELECT of the row with the key in the parameters `k0`, `k1`, …, if it has no history.
 *
 * It locks the row as the write is going to. Without that, another writer of the row could hold the row and wait for
 * our revision, while we hold the revision and wait for the row.
 */
export function recordFirstOfOne(sql: RevisionSql, isDeleted: boolean): Statement {
  const row = `SELECT * FROM ${sql.table} t WHERE ${sql.hasKey('t', sql.givenKey)}${lockOf(sql, isDeleted)}`;
  return recordFirst(sql, row, sql.dialect.types.value('{{id}}', 'uuid'), true);
}

/** The same for the rows of a key table, which it locks in the order of the keys. */
export function recordFirstOfMany(sql: RevisionSql, keys: KeyTable, isDeleted: boolean): Statement {
  const rows =
    `SELECT t.*, ${keys.ordinal} AS audit_place FROM ${sql.rowsOf(keys)} ` +
    `ORDER BY audit_place${lockOf(sql, isDeleted)}`;
  return recordFirst(sql, rows, sql.dialect.types.numberedUuid('{{prefix}}', '{{start}}', 't.audit_place'));
}

/** The same for the rows of a SELECT that locks them. */
export function recordFirstOfSelected(sql: RevisionSql, select: string): Statement {
  const id = sql.dialect.types.numberedUuid('{{prefix}}', '{{start}}', '(row_number() OVER () - 1)');
  return recordFirst(sql, select, id);
}

// Others may have recorded a row while we waited for its lock. The statement doesn't see that, the index does.
function recordFirst(sql: RevisionSql, rows: string, id: string, isPrepared = false): Statement {
  const insert = `${sql.insert(FIRST, id, sql.liveKey)} FROM (${rows}) t WHERE NOT ${sql.hasHistory}`;
  return compileStatement(sql.dialect, skipTaken(sql, insert), isPrepared);
}

/**
 * A locking SELECT of the keys of rows, with the column `HAS_NONE`. Only the rows are locked: the subquery is a plain
 * read, and because it is in the list, it reads when the row is locked.
 *
 * @param keys undefined for the row with the key in the parameters
 */
export function lookForNone(sql: RevisionSql, keys: KeyTable | undefined, names: string): Statement {
  const rows = keys ? sql.rowsOf(keys) : `${sql.table} t WHERE ${sql.hasKey('t', sql.givenKey)}`;
  return compileStatement(
    sql.dialect,
    `SELECT ${sql.holding('1')} AS audit_held, ${names}, NOT ${sql.hasHistory} AS ${HAS_NONE} FROM ${rows}${sql.dialect.locks.forUpdate('t')}`,
    keys === undefined,
  );
}

function lockOf({ dialect: { locks } }: RevisionSql, isDeleted: boolean): string {
  return isDeleted ? locks.forUpdate('t') : locks.forNoKeyUpdate('t');
}
