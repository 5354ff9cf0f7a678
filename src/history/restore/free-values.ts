import { randomBytes, randomUUID } from 'node:crypto';
import { hasDay, isBinary, isNumeric, isText } from '../../dialect/types/type-names.js';

/** A column, as far as it says which values it takes. */
export interface ValueRoom {
  /** The database's name of the type. */
  readonly type: string;
  /** The most characters, if there is a limit. */
  readonly length?: string;
  readonly enum?: readonly unknown[];
}

/** Whether the free values lie beside those that rows have. */
export function isOrdered(room: ValueRoom): boolean {
  return !room.enum && (isNumeric(room.type) || hasDay(room.type));
}

/**
 * Values that probably no row has in a column, the likeliest first; none where that can't be said of the type.
 *
 * @param least and greatest: the values that rows have, as text; null where there are none
 * @example freeValues({ type: 'integer' }, '1', '7') // → ['8', '0']
 */
export function freeValues(room: ValueRoom, least: string | null, greatest: string | null): unknown[] {
  const { type } = room;
  if (room.enum) return room.enum.map(String);
  if (isNumeric(type))
    // Upwards first, because a CHECK that asks for positive numbers is the commonest.
    return [step(greatest, 1n), step(least, -1n)].filter((number) => number !== undefined);
  if (type === 'uuid') return [randomUUID()];
  if (isText(type)) return [1, 2, 3].map(() => randomText(Number(room.length) || 32));
  if (hasDay(type)) return [dayBeside(greatest, 1), dayBeside(least, -1)].filter((day) => day !== undefined);
  if (isBinary(type)) return [randomBytes(Math.min(Number(room.length) || 16, 16))];
  return [];
}

function step(text: string | null, by: bigint): string | undefined {
  const number = Math.trunc(Number(text ?? 0));
  if (!Number.isFinite(number)) return undefined;
  const digits = /^-?\d+(?=(\.\d*)?$)/.exec(text ?? '')?.[0];
  return String(BigInt(digits ?? number) + by);
}

function randomText(length: number): string {
  return randomBytes(16).toString('hex').slice(0, Math.min(length, 32));
}

// The day in front is the same in each database's text of a date or time.
function dayBeside(text: string | null, by: number): string | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(text ?? '2000-01-01') ?? [];
  if (year === undefined) return undefined;
  const beside = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day) + by)).toISOString();
  return /^\d/.test(beside) ? beside.slice(0, 10) : undefined;
}
