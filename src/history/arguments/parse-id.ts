import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { isBinary, isBoolean, isMoment } from '../../dialect/types/type-names.js';
import { parseDate } from './iso-date.js';

/**
 * Parses the id in a path or on a command line, for HistoryService.
 *
 * @param text the values of the key columns in their order, each URL-encoded, joined by commas
 * @throws InvalidArgumentError naming 'id'
 * @example parseId('a%2Cb,2', dataSource, planOfOrderLine) // → { order_code: 'a,b', line: '2' }
 */
export function parseId(text: string, dataSource: DataSource, { keys, metadata }: AuditPlan): object {
  const values = keys.length === 1 ? [text] : text.split(',');
  if (values.length !== keys.length)
    throw new InvalidArgumentError(
      'id',
      `of ${metadata.name} must have ${keys.length} values, got ${values.length}. ` +
        `Give ${keys.map(({ propertyPath }) => propertyPath).join(', ')}, each URL-encoded, joined by commas.`,
    );
  return Object.fromEntries(
    keys.map(({ source, databaseName }, at) => [
      databaseName,
      parseValue('id', decode(values[at]), dataSource, source),
    ]),
  );
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

/**
 * The value of a column from text, the reverse of a snapshot's JSON. Other values than dates, booleans and bytes,
 * numbers too, stay text, and HistoryService checks them.
 *
 * @throws InvalidArgumentError naming the argument
 */
export function parseValue(
  argument: string,
  text: string,
  dataSource: DataSource,
  column: ColumnMetadata,
): unknown {
  if (column.transformer) return text;
  const type = dataSource.driver.normalizeType(column);
  if (isMoment(type)) return parseDate(argument, text);
  if (isBoolean(type)) return booleanOf(argument, text);
  if (isBinary(type)) return Buffer.from(text, 'base64');
  return text;
}

function booleanOf(argument: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError(argument, `must be true or false, got "${text}".`);
}
