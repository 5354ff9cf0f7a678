const HOUR = 3_600_000;
const DEPTH = 8;

/** How values that differ from run to run are made the same. */
export interface Normalising {
  /** Hidden in texts, as each process has a database of its own. */
  readonly database: string;
  /** Where writes run at once, it is chance which of them gets which generated key. */
  readonly hideKeys: boolean;
}

const generatedKeys =
  /^(id|entityId|detail|insertId|shelfId|itemId|parentId|mpath|id_ancestor|id_descendant|lastInsertRowid)$/;

/** A value as JSON that two processes can be compared by: with the names of its classes, without its times. */
export function normalised(value: unknown, how: Normalising): unknown {
  return of(value, how, 0, new Set());
}

function of(value: unknown, how: Normalising, depth: number, above: Set<unknown>): unknown {
  if (value === undefined) return '<undefined>';
  if (typeof value === 'string') return ofText(value, how);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return '<function>';
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return isNow(value.getTime()) ? '<now>' : value.toISOString();
  if (Buffer.isBuffer(value)) return `hex:${value.toString('hex')}`;
  if (value instanceof Promise) return '<promise>';
  if (above.has(value)) return '<circular>';
  if (depth > DEPTH) return '<deep>';
  const inside = new Set(above).add(value);
  const next = (inner: unknown): unknown => of(inner, how, depth + 1, inside);
  if (Array.isArray(value)) return value.map(next);
  if (value instanceof Error) return ofError(value, next);
  return ofObject(value, how, next);
}

function ofObject(value: object, how: Normalising, next: (inner: unknown) => unknown): unknown {
  const name = (value.constructor as { name: string } | undefined)?.name ?? 'null';
  const properties = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([property, inner]): [string, unknown] => [
      property,
      how.hideKeys && generatedKeys.test(property) && inner !== undefined && inner !== null
        ? '<key>'
        : next(inner),
    ]);
  return { ...(name !== 'Object' && { '#': name }), ...Object.fromEntries(properties) };
}

// Lines of the server's source, and lengths of its answers.
const notOfErrors = /^(driverError|file|line|length|stack)$/;

function ofError(error: Error, next: (inner: unknown) => unknown): unknown {
  const properties = Object.entries(error).filter(([property]) => !notOfErrors.test(property));
  const { driverError } = error as { driverError?: Error };
  return {
    '#': error.constructor.name,
    name: error.name,
    message: next(error.message),
    ...(next(Object.fromEntries(properties)) as object),
    ...(driverError && { driverError: driverError.constructor.name }),
    ...(error.cause !== undefined && { cause: next(error.cause) }),
  };
}

const times = /\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?/g;

function ofText(text: string, { database }: Normalising): string {
  const timeless = text.replace(times, (time) =>
    isNow(Date.parse(`${time.slice(0, 10)}T${time.slice(11, 19)}Z`)) ? '<now>' : time,
  );
  return database === ':memory:' ? timeless : timeless.replaceAll(database, '<database>');
}

// A time zone away is still now.
function isNow(time: number): boolean {
  return Math.abs(time - Date.now()) < 15 * HOUR;
}
