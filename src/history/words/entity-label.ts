import { type ObjectLiteral } from 'typeorm';
import { LabelError } from '../../audit.errors.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { type ValueTexts } from './value-text.js';
import { inWords, type Words } from './words.js';

/** The value at a property path of a snapshot, as changes name it. */
export function valueAt(snapshot: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((outer, name) => (outer as ObjectLiteral | null | undefined)?.[name] as unknown, snapshot);
}

/** What an entity is: 'order line'. */
export function nounOf({ name, metadata }: AuditPlan, { entities }: Words): string {
  return entities[name] ?? inWords(metadata.isJunction ? name : metadata.name);
}

/** What a property is: 'total amount'. */
export function propertyNoun({ name }: AuditPlan, path: string, { properties }: Words): string {
  return properties[name]?.[path] ?? inWords(path);
}

/** A key as text: '17', '17/3'. */
export function keyWords(values: readonly unknown[]): string {
  return values
    .map((value) =>
      value instanceof Uint8Array
        ? Buffer.from(value).toString('hex')
        : value instanceof Date
          ? value.toISOString()
          : String(value),
    )
    .join('/');
}

/** The label of an entity in a snapshot; undefined if it has none there. @throws LabelError */
export function labelIn(plan: AuditPlan, snapshot: unknown, texts: ValueTexts): string | undefined {
  const { label } = plan;
  if (label === undefined || typeof snapshot !== 'object' || snapshot === null) return undefined;
  if (typeof label === 'function') return textOf(plan, label, snapshot);
  const value = valueAt(snapshot, label);
  if (value === null || value === undefined || value === '') return undefined;
  return texts.of(value, columnAt(plan, label));
}

/** The column of a property path. */
export function columnAt({ columns }: AuditPlan, path: string): PlanColumn | undefined {
  return columns.find(({ propertyPath }) => propertyPath === path);
}

function textOf(
  { metadata }: AuditPlan,
  label: (snapshot: any) => unknown,
  snapshot: object,
): string | undefined {
  const option = `@Audited({ label }) of ${metadata.name}`;
  let text: unknown;
  try {
    text = label(snapshot);
  } catch (error) {
    throw new LabelError(
      `${option} failed (${String(error)}). Old snapshots may lack a value: return null then.`,
      {
        cause: error,
      },
    );
  }
  if (text === null || text === undefined) return undefined;
  if (typeof text !== 'string')
    throw new LabelError(`${option} must return a string or null, got ${typeof text}.`);
  return text.trim() || undefined;
}
