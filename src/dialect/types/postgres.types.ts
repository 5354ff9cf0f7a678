import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { enumTransformers } from './enum-transformers.js';
import { postgresTexts } from './postgres.texts.js';
import { quoted } from './quoted.js';
import { type Types, type ValueType } from './types.js';

const VALUE_TYPES: Record<ValueType, string> = {
  uuid: 'uuid',
  time: 'double precision',
  text: 'varchar',
  json: 'jsonb',
  integer: 'bigint',
  boolean: 'boolean',
};

export function postgresTypes(dataSource: DataSource): Types {
  const isEnum = (column: ColumnMetadata): boolean => dataSource.driver.normalizeType(column) === 'enum';
  const toCopy = (expression: string, column: ColumnMetadata): string =>
    isEnum(column) ? `${expression}::varchar${column.isArray ? '[]' : ''}` : expression;

  const cast = (text: string, column: ColumnMetadata): string =>
    `CAST(${text} AS ${castType(dataSource, column)}${column.isArray ? '[]' : ''})`;
  const fullType = (column: ColumnMetadata): string =>
    dataSource.driver.createFullType({ ...column, type: dataSource.driver.normalizeType(column) } as never);

  return {
    own: { uuid: { type: 'uuid' }, json: { type: 'jsonb' }, text: { type: 'varchar' } },
    texts: postgresTexts(),

    copyOptions: (column) =>
      isEnum(column) ? { type: 'varchar', transformer: enumTransformers(column) } : {},
    toCopy,
    fromCopy: (expression, column) =>
      isEnum(column)
        ? `${expression}::${enumType(dataSource, column)}${column.isArray ? '[]' : ''}`
        : expression,

    // The record image operators compare bytes, so also json, xml, point and citext. They need the same types on both
    // sides. A copy may have a wider type than its column, so CASE takes the wider of the two.
    differ: (columns, left, right) => {
      const row = (isLive: boolean): string => {
        const values = columns.map(
          (column) => `CASE WHEN ${isLive} THEN ${toCopy(left(column), column)} ELSE ${right(column)} END`,
        );
        return `ROW(${values.join(', ')})::record`;
      };
      return `${row(true)} *<> ${row(false)}`;
    },
    sameText: (expression, parameter) => `${expression} = ${parameter}`,
    equalsValue: (expression, parameter, column) =>
      dataSource.driver.normalizeType(column) === 'citext'
        ? `${expression}::text = ${parameter}::text`
        : `${expression} = ${cast(parameter, column)}`,
    hidesJsonNull: (column) => /^jsonb?$/.test(dataSource.driver.normalizeType(column)) && !column.isArray,

    value: (parameter, type) => `${parameter}::${VALUE_TYPES[type]}`,
    nullOf: (column) => cast('NULL', column),
    constant: (value, column) =>
      value === null ? cast('NULL', column) : `CAST(${quoted(String(value))} AS ${fullType(column)})`,
    // A cast to numeric(5, 2) would fail for 1000.
    narrowed: (expression, column) => {
      const type = dataSource.driver.normalizeType(column);
      if (column.isArray) return expression;
      if (/^(numeric|decimal)/.test(type) && column.precision)
        return `round(${expression}, ${column.scale ?? 0})`;
      if (/^(smallint|integer|bigint)$/.test(type)) return `round(${expression})`;
      if (/^(character varying|varchar)/.test(type) && column.length)
        return `left(${expression}, ${column.length})`;
      return /^time/.test(type) ? `CAST(${expression} AS ${fullType(column)})` : expression;
    },
    numberedUuid: (prefix, start, n) =>
      `(${prefix}::varchar || lpad(to_hex(${start}::bigint + ${n}), 10, '0'))::uuid`,
    uuidText: (expression) => `${expression}::varchar`,
  };
}

/** A column's type as a cast takes it. */
export function castType(dataSource: DataSource, column: ColumnMetadata): string {
  const type = dataSource.driver.normalizeType(column);
  if (type === 'enum') return enumType(dataSource, column);
  // Without a length `character` means one character; bpchar is the same type with any length.
  return type === 'character' ? 'bpchar' : type;
}

// TypeORM names an enum type after its table and column, in the table's schema, unless the column has an `enumName`.
function enumType(dataSource: DataSource, column: ColumnMetadata): string {
  const { schema, tableName } = column.entityMetadata;
  const name = column.enumName ?? `${tableName}_${column.databaseName.toLowerCase()}_enum`;
  return (schema ? [schema, name] : [name]).map((part) => dataSource.driver.escape(part)).join('.');
}
