import { InvalidArgumentError } from '../../audit.errors.js';

// A date, or a date and time with or without seconds. The offset is a group of its own.
const ISO_8601 = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?$/;

/**
 * A Date from ISO 8601. Without an offset the text is UTC, whatever the server's time zone.
 *
 * @throws InvalidArgumentError naming the argument
 */
export function parseDate(argument: string, text: string): Date {
  const [, day, time, , , offset] = ISO_8601.exec(text) ?? [];
  // The day is parsed by itself too, because Date reads February 30th as March 1st or 2nd.
  const isDay = day && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day);
  const date = new Date(
    isDay && (time || !offset) ? `${day}${(time ?? 'T00:00').replace(',', '.')}${zone(offset)}` : NaN,
  );
  if (!Number.isNaN(date.getTime())) return date;
  const hint = text.includes(' ') ? ' Send a + as %2B.' : '';
  throw new InvalidArgumentError(
    argument,
    `must be an ISO 8601 date such as 2026-11-23T06:02:00Z, got "${text}".${hint}`,
  );
}

// Date wants minutes and a colon.
function zone(offset = 'Z'): string {
  return offset === 'Z' ? offset : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`;
}
