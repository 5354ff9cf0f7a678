import { InvalidArgumentError } from '../audit.errors.js';

/** Reads the text of one query parameter. @throws InvalidArgumentError naming it */
type Parser<T> = (name: string, text: string) => T;
type Parsed<P extends Record<string, Parser<unknown>>> = { [K in keyof P]?: ReturnType<P[K]> };

/**
 * The query parameters of a route.
 *
 * @param parsers of each that the route takes
 * @throws InvalidArgumentError naming the first that is unknown, given twice or malformed
 * @example parseQuery({ limit: '20' }, { limit: parseInteger, order: parseOrder }) // → { limit: 20 }
 */
export function parseQuery<P extends Record<string, Parser<unknown>>>(
  query: Record<string, unknown>,
  parsers: P,
): Parsed<P> {
  const parsed: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(query)) {
    if (!Object.hasOwn(parsers, name))
      throw new InvalidArgumentError(
        name,
        `is not a parameter of this path. ${knownOf(Object.keys(parsers))}`,
      );
    if (typeof text !== 'string') throw new InvalidArgumentError(name, 'must be given once.');
    parsed[name] = parsers[name](name, text);
  }
  return parsed as Parsed<P>;
}

/** @throws InvalidArgumentError when a parameter that the route can't do without is missing */
export function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new InvalidArgumentError(name, 'must be given.');
  return value;
}

/** Whether it is in range is for HistoryService to say. */
export const parseInteger: Parser<number> = (name, text) => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError(name, `must be an integer, got "${text}".`);
};

export const parseBoolean: Parser<boolean> = (name, text) => {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError(name, `must be true or false, got "${text}".`);
};

export const parseOrder: Parser<'asc' | 'desc'> = (name, text) => {
  if (text === 'asc' || text === 'desc') return text;
  throw new InvalidArgumentError(name, `must be asc or desc, got "${text}".`);
};

export const parseText: Parser<string> = (name, text) => {
  // PostgreSQL refuses a null character in a text.
  if (text !== '' && !text.includes('\0')) return text;
  throw new InvalidArgumentError(
    name,
    text === '' ? 'must not be empty.' : 'must not have a null character.',
  );
};

// A date, or a date and time with or without seconds; the offset is kept apart.
const ISO_8601 = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?$/;

/** ISO 8601; without an offset in UTC, whatever the server's time zone. */
export const parseDate: Parser<Date> = (name, text) => {
  const [, day, time, , , offset] = ISO_8601.exec(text) ?? [];
  // The day alone is parsed too, because Date takes February 30th for March 1st or 2nd.
  const isDay = day && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day);
  const date = new Date(
    isDay && (time || !offset) ? `${day}${(time ?? 'T00:00').replace(',', '.')}${zone(offset)}` : NaN,
  );
  if (!Number.isNaN(date.getTime())) return date;
  const hint = text.includes(' ') ? ' Send a + as %2B.' : '';
  throw new InvalidArgumentError(
    name,
    `must be an ISO 8601 date such as 2026-11-23T06:02:00Z, got "${text}".${hint}`,
  );
};

/** A moment, or a version. */
export const parseMoment: Parser<Date | number> = (name, text) =>
  /^\d+$/.test(text) ? parseInteger(name, text) : parseDate(name, text);

// Date wants minutes and a colon.
function zone(offset = 'Z'): string {
  return offset === 'Z' ? offset : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`;
}

function knownOf(names: string[]): string {
  return names.length > 0 ? `Known are ${names.join(', ')}.` : 'It takes none.';
}
