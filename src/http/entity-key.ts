import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidArgumentError } from '../audit.errors.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type EntityId } from '../history/history.types.js';
import { toJson } from './show/json.js';
import { parseBoolean, parseDate } from './query.js';

/**
 * The key that a path names, as HistoryService takes it.
 *
 * @param segment the values of the key columns in their order, each URL-encoded, joined by commas
 * @throws InvalidArgumentError
 * @example parseEntityKey('a%2Cb,2', dataSource, planOfOrderLine) // → { order_code: 'a,b', line: '2' }
 */
export function parseEntityKey(
  segment: string,
  dataSource: DataSource,
  { keys, metadata }: AuditPlan,
): object {
  const values = keys.length === 1 ? [segment] : segment.split(',');
  if (values.length !== keys.length)
    throw new InvalidArgumentError(
      'id',
      `of ${metadata.name} must have ${keys.length} values, got ${values.length}. ` +
        `Give ${keys.map(({ propertyPath }) => propertyPath).join(', ')}, each URL-encoded, joined by commas.`,
    );
  return Object.fromEntries(
    keys.map(({ source, databaseName }, at) => [
      databaseName,
      valueOf(decode(values[at]), dataSource, source),
    ]),
  );
}

/**
 * The part of a path that names an entity; null for a junction table, which has no path.
 *
 * @param id as a revision has it
 * @example entityPath(planOfOrderLine, { code: 'a,b', line: 2 }) // → 'order_line/a%2Cb,2'
 */
export function entityPath({ name, keys, metadata }: AuditPlan, id: EntityId): string | null {
  if (metadata.isJunction) return null;
  const values = keys.map(({ source, databaseName }) => {
    if (keys.length === 1) return id;
    const path = source.isVirtual ? [databaseName] : source.propertyPath.split('.');
    return path.reduce<unknown>((outer, part) => (outer as Record<string, unknown>)[part], id);
  });
  return [
    encodeURIComponent(name),
    values.map((value) => encodeURIComponent(String(toJson(value)))).join(),
  ].join('/');
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError)
      throw new InvalidArgumentError('id', `must be URL-encoded, got "${value}".`);
    throw error;
  }
}

// As the JSON of a snapshot has it; what is text there, numbers too, HistoryService checks itself.
function valueOf(text: string, dataSource: DataSource, column: ColumnMetadata): unknown {
  if (column.transformer) return text;
  const type = dataSource.driver.normalizeType(column);
  if (/^(datetime|timestamp)/.test(type)) return parseDate('id', text);
  if (/^bool/.test(type)) return parseBoolean('id', text);
  if (/blob|binary|bytea/.test(type)) return Buffer.from(text, 'base64');
  return text;
}
