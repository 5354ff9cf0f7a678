import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';

const PARTS = ['rows', 'histories'] as const;

/** How far a `verify()` has come: which part of which table, and behind which key. */
export interface VerifyPlace {
  readonly plan: AuditPlan;
  readonly part: (typeof PARTS)[number];
  /** Undefined at the beginning of the part. */
  readonly after?: Key;
}

/** A place as text that is safe in a shell and in a URL. */
export function encodePlace({ plan, part, after }: VerifyPlace): string {
  const place = [plan.metadata.tablePath, part, after?.map(storedValue) ?? null];
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws InvalidArgumentError naming 'from', when it isn't a place in one of these tables */
export function decodePlace(plans: readonly AuditPlan[], from: unknown): VerifyPlace {
  const place: unknown = typeof from === 'string' ? parsed(from) : undefined;
  if (Array.isArray(place) && place.length === 3) {
    const [table, part, values] = place as [unknown, VerifyPlace['part'], unknown];
    const plan = plans.find(({ metadata }) => metadata.tablePath === table);
    const after = Array.isArray(values) ? values.map(keyValue) : undefined;
    const isKey = after ? after.length === plan?.keys.length && !after.includes(undefined) : values === null;
    if (plan && PARTS.includes(part) && isKey) return { plan, part, after };
  }
  throw new InvalidArgumentError(
    'from',
    `must be the next of a verify() of the same entities, got ${inspect(from)}. Leave it out to begin at the start.`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}

type StoredValue = string | number | boolean | { hex: string } | { date: string };

function storedValue(value: unknown): StoredValue {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (value instanceof Date) return { date: value.toISOString() };
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}

/** @returns undefined if it is not a value of a key */
function keyValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  if ('hex' in value && typeof value.hex === 'string') return Buffer.from(value.hex, 'hex');
  const date = 'date' in value ? new Date(String(value.date)) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}
