import { InvalidArgumentError } from '../../audit.errors.js';
import { parseDate } from '../../history/arguments/iso-date.js';

/** Parses the text of one query parameter. @throws InvalidArgumentError naming the parameter */
type Parser<T> = (name: string, text: string) => T;
type Parsers = Record<string, Parser<unknown>>;
type Parsed<P extends Parsers> = { [K in keyof P]?: ReturnType<P[K]> };

/**
 * The query parameters of a route.
 *
 * @param parsers one for each parameter that the route takes
 * @throws InvalidArgumentError naming the first parameter that is unknown, given twice or malformed
 * @example parseQuery({ limit: '20' }, { limit: parseInteger, order: parseOrder }) // → { limit: 20 }
 */
export function parseQuery<P extends Parsers>(query: Record<string, unknown>, parsers: P): Parsed<P> {
  const parsed: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(query)) {
    if (!Object.hasOwn(parsers, name))
      throw new InvalidArgumentError(
        name,
        `is not a parameter of this path. ${listOf(Object.keys(parsers))}`,
      );
    if (typeof text !== 'string') throw new InvalidArgumentError(name, 'must be given once.');
    parsed[name] = parsers[name](name, text);
  }
  return parsed as Parsed<P>;
}

function listOf(names: string[]): string {
  return names.length > 0 ? `Known are ${names.join(', ')}.` : 'It takes none.';
}

/** @throws InvalidArgumentError when the parameter is missing */
export function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new InvalidArgumentError(name, 'must be given.');
  return value;
}

/** HistoryService checks the range. */
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
  // PostgreSQL refuses the character U+0000 in a text.
  if (text !== '' && !text.includes('\0')) return text;
  throw new InvalidArgumentError(
    name,
    text === '' ? 'must not be empty.' : 'must not have a null character.',
  );
};

/** Text, or null for an empty one. */
export const parseNullableText: Parser<string | null> = (name, text) =>
  text === '' ? null : parseText(name, text);

/** A date or a version. */
export const parseMoment: Parser<Date | number> = (name, text) =>
  /^\d+$/.test(text) ? parseInteger(name, text) : parseDate(name, text);

const PAGE = { limit: parseInteger, cursor: parseText, snapshot: parseBoolean };

export const TRANSACTION_PARAMETERS = PAGE;

/** The filters of feeds and timelines. */
const FILTERS = {
  actor: parseText,
  notActor: parseText,
  action: parseText,
  request: parseText,
  reason: parseText,
  from: parseDate,
  to: parseDate,
  operation: parseText,
  property: parseText,
  changedProperty: parseText,
  changedFrom: parseNullableText,
  changedTo: parseNullableText,
  quiet: parseBoolean,
};

export const FEED_PARAMETERS = {
  entity: parseText,
  transaction: parseText,
  ...FILTERS,
  events: parseBoolean,
  ...PAGE,
};

export const TIMELINE_PARAMETERS = { order: parseOrder, ...FILTERS, ...PAGE };

export const DIFF_PARAMETERS = { from: parseInteger, to: parseInteger };

export const AS_OF_PARAMETERS = { at: parseMoment };
