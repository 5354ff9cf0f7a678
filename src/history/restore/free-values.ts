import { randomBytes, randomUUID } from 'node:crypto';
import { hasDay, isBinary, isNumeric, isText } from '../../dialect/types/type-names.js';

/** The values that a column accepts. */
export interface ValueRoom {
  /** The database's name of the type. */
  readonly type: string;
  /** The maximum number of characters, if there is one. */
  readonly length?: string;
  readonly enum?: readonly unknown[];
}

/** Whether the type has an order, so that free values lie just beyond the least and the greatest value in use. */
export function isOrdered(room: ValueRoom): boolean {
  return !room.enum && (isNumeric(room.type) || hasDay(room.type));
}

/**
 * Values that probably no row has in a column, the likeliest first. Types without a rule get none.
 *
 * @param least the least value in the column, as text; null if there is none
 * @param greatest the greatest value in the column, as text; null if there is none
 * @example freeValues({ type: 'integer' }, '1', '7') // → ['8', '0']
 */
export function freeValues(room: ValueRoom, least: string | null, greatest: string | null): unknown[] {
  const { type } = room;
  if (room.enum) return room.enum.map(String);
  if (isNumeric(type))
    // Upwards first: the most common CHECK demands positive numbers.
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

// In every database the text of a date or time begins with the day.
function dayBeside(text: string | null, by: number): string | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(text ?? '2000-01-01') ?? [];
  if (year === undefined) return undefined;
  const beside = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day) + by)).toISOString();
  return /^\d/.test(beside) ? beside.slice(0, 10) : undefined;
}
