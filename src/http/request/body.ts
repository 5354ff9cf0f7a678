import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
import { MAX_ACTOR_LENGTH } from '../../audit.options.js';
import { unstorableIn } from '../../context/unstorable.js';
import { parseMoment } from './query.js';

/** Checks one field of a JSON body. @throws InvalidArgumentError naming the field */
type Reader<T> = (name: string, value: unknown) => T;
type Readers = Record<string, Reader<unknown>>;
type Body<R extends Readers> = { [K in keyof R]?: ReturnType<R[K]> };

/**
 * The fields of a JSON body.
 *
 * @param readers one for each field that the route takes
 * @throws InvalidArgumentError naming 'body', or the first field that is unknown or malformed
 * @example readBody({ dryRun: true }, { dryRun: readBoolean }) // → { dryRun: true }
 */
export function readBody<R extends Readers>(body: unknown, readers: R): Body<R> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new InvalidArgumentError('body', `must be a JSON object, got ${inspect(body)}.`);
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(readers, name))
      throw new InvalidArgumentError(
        name,
        `is not a field of this body. Known are ${Object.keys(readers).join(', ')}.`,
      );
    fields[name] = readers[name](name, value);
  }
  return fields as Body<R>;
}

/** HistoryService checks the range. */
const readInteger: Reader<number> = (name, value) => {
  if (Number.isInteger(value)) return value as number;
  throw new InvalidArgumentError(name, `must be an integer, got ${inspect(value)}.`);
};

const readBoolean: Reader<boolean> = (name, value) => {
  if (typeof value === 'boolean') return value;
  throw new InvalidArgumentError(name, `must be true or false, got ${inspect(value)}.`);
};

/** A version, or a moment in ISO 8601. */
const readMoment: Reader<Date | number> = (name, value) =>
  typeof value === 'string' ? parseMoment(name, value) : readInteger(name, value);

const readProperties: Reader<string[]> = (name, value) => {
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'))
    return value;
  throw new InvalidArgumentError(
    name,
    `must be an array of one or more properties, got ${inspect(value)}. Leave it out to restore all.`,
  );
};

const readReason: Reader<string> = (name, value) => {
  const unstorable = typeof value === 'string' ? unstorableIn(value) : undefined;
  if (unstorable !== undefined)
    throw new InvalidArgumentError(name, `has the character ${unstorable}, which is not text. Remove it.`);
  if (typeof value === 'string' && value.trim() !== '' && value.length <= MAX_ACTOR_LENGTH) return value;
  throw new InvalidArgumentError(
    name,
    `must be text of 1 to ${MAX_ACTOR_LENGTH} characters, got ${inspect(value, { maxStringLength: 40 })}.`,
  );
};

const readCursor: Reader<string | null> = (name, value) => {
  if (typeof value === 'string' || value === null) return value;
  throw new InvalidArgumentError(name, `must be a nextCursor, got ${inspect(value)}.`);
};

const WRITE_FIELDS = { dryRun: readBoolean, reason: readReason };

export const UNDO_FIELDS = { ...WRITE_FIELDS, limit: readInteger, cursor: readCursor };

export const RESTORE_FIELDS = {
  at: readMoment,
  expectedVersion: readInteger,
  properties: readProperties,
  ...WRITE_FIELDS,
};
