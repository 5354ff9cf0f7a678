import { driverErrorOf } from './driver-error.js';

/**
 * Why the database refused the values of a row, read from the driver's error.
 *
 * - `taken`: another row has a unique value, or an exclusion constraint forbids it
 * - `check`: a CHECK
 * - `value`: the column doesn't take the value: an enum without the label, a shorter text, null
 * - `reference`: a foreign key
 */
export interface Refusal {
  readonly kind: 'taken' | 'check' | 'value' | 'reference';
  /** The constraint or index, if the error names it. */
  readonly constraint?: string;
  /** The columns' names in the database, or an expression with these names, if the error has them. */
  readonly columns?: string;
  /** The enum label that no longer exists, if the error names nothing else. */
  readonly label?: string;
}

/** A refusal by PostgreSQL, whose errors have an SQLSTATE and name the constraint. */
export function postgresRefusal(error: unknown): Refusal | undefined {
  const { code, constraint, column, detail, message } = driverErrorOf(error) ?? { message: '' };
  // Key (hotel, name)=(1, Ritz) already exists.
  if (code === '23505' || code === '23P01')
    return { kind: 'taken', constraint, columns: /\((.*?)\)=/.exec(detail ?? '')?.[1] };
  if (code === '23514') return { kind: 'check', constraint };
  if (code === '23503') return { kind: 'reference', constraint };
  if (code === '23502') return { kind: 'value', columns: column };
  if (code === '22P02') return { kind: 'value', label: /enum .*: "(.*)"$/s.exec(message)?.[1] };
  return code === '22001' || code === '22003' ? { kind: 'value' } : undefined;
}

/** A refusal by MySQL or MariaDB, whose messages name the constraint or the column in quotes. */
export function mysqlRefusal(error: unknown): Refusal | undefined {
  const { errno, message } = driverErrorOf(error) ?? { message: '' };
  const quoted = (pattern: RegExp): string | undefined => pattern.exec(message)?.[1];
  switch (errno) {
    case 1062: // Duplicate entry 'Ritz' for key 'hotel.IDX_1', without the table on MariaDB
    case 1586:
      return { kind: 'taken', constraint: quoted(/for key '(?:[^'.]*\.)?([^']*)'/) };
    case 3819: // Check constraint 'chk' is violated.
    case 4025: // CONSTRAINT `chk` failed for `db`.`hotel`
      return { kind: 'check', constraint: quoted(/constraint ['`](.*?)['`]/i) };
    case 1451:
    case 1452:
      return { kind: 'reference', constraint: quoted(/CONSTRAINT `(.*?)`/) };
    case 1048: // Column 'kind' cannot be null
    case 1264: // Out of range value for column 'kind' at row 1
    case 1265: // Data truncated for column 'kind' at row 1
    case 1366: // Incorrect integer value: 'x' for column `db`.`hotel`.`kind` at row 1
    case 1406: // Data too long for column 'kind' at row 1
      return { kind: 'value', columns: quoted(/column (?:`.*`\.)?['`](.*?)['`]/i) };
    default:
      return undefined;
  }
}

/** A refusal by SQLite, whose two drivers have the same messages. */
export function sqliteRefusal(error: unknown): Refusal | undefined {
  const { message } = driverErrorOf(error) ?? { message: '' };
  const [, constraint, about] =
    /(UNIQUE|CHECK|NOT NULL|FOREIGN KEY) constraint failed(?:: (.*))?/s.exec(message) ?? [];
  // UNIQUE constraint failed: hotel.city, hotel.name
  const columns = about?.replace(/(^|, )[^,]*?\./g, '$1');
  switch (constraint) {
    case 'UNIQUE': {
      const index = /^index '(.*)'$/.exec(about)?.[1];
      return index === undefined ? { kind: 'taken', columns } : { kind: 'taken', constraint: index };
    }
    case 'CHECK': // the name, or the expression of a CHECK without a name
      return { kind: 'check', constraint: about, columns: about };
    case 'NOT NULL':
      return { kind: 'value', columns };
    case 'FOREIGN KEY':
      return { kind: 'reference' };
    default:
      return undefined;
  }
}
