import { type DataSource } from 'typeorm';
import { type ActualColumn, type Catalogue } from './catalogue.js';
import { type Capacity, columnType, decimal, float, integer, type Widenings } from './column-type.js';
import { tooManyColumns } from './row-limits.js';
import { tableName } from './table-name.js';
import { placeByParsing } from './table-place.js';

// A cast to regclass looks a table up in the session's search_path.
const COLUMNS =
  `SELECT w.n - 1 AS at, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, ` +
  `NOT a.attnotnull AS nullable, NOT a.attnotnull OR a.atthasdef OR a.attidentity <> '' AS optional ` +
  `FROM unnest($1::text[]) WITH ORDINALITY AS w(name, n) ` +
  `JOIN pg_attribute a ON a.attrelid = to_regclass(w.name) AND a.attnum > 0 AND NOT a.attisdropped`;

const MOST_PRECISE = 6;

// A restore reads a row and its revision in one SELECT, which has at most 1664 columns.
const MOST_COLUMNS = 836;

/** The kinds that PostgreSQL compares with each other without a cast in between. */
const WIDENINGS: Widenings = { number: ['float'], character: ['text'], date: ['timestamp'] };

export function postgresCatalogue(dataSource: DataSource): Catalogue {
  const { driver } = dataSource;
  return {
    read: async (queryRunner, paths) => {
      const found: ActualColumn[][] = paths.map(() => []);
      const names = paths.map((tablePath) => tableName(dataSource, { tablePath }));
      const rows = (await queryRunner.query(COLUMNS, [names])) as Row[];
      for (const { at, name, type, nullable, optional } of rows)
        found[Number(at)].push({ name, type, isNullable: nullable, isOptional: optional });
      return found;
    },
    neededType: (column) =>
      driver.createFullType({ ...column, type: driver.normalizeType(column) } as never).toLowerCase(),
    capacityOf,
    widenings: WIDENINGS,
    hasCase: true,
    tablePlace: (target) => placeByParsing(dataSource, target),
    tooWide: (_, { length }) => tooManyColumns(length, MOST_COLUMNS),
  };
}

interface Row {
  at: string;
  name: string;
  type: string;
  nullable: boolean;
  optional: boolean;
}

function capacityOf(type: string): Capacity | undefined {
  const { name, args, isArray } = columnType(type);
  const capacity = CAPACITIES[name]?.(...args);
  return capacity && isArray ? { ...capacity, kind: `${capacity.kind}[]` } : capacity;
}

const text = (length = Infinity): Capacity => ({ kind: 'text', sizes: [length] });
const character = (length = 1): Capacity => ({ kind: 'character', sizes: [length] });
const exact = (kind: string) => (): Capacity => ({ kind, sizes: [] });
const precise =
  (kind: string) =>
  (precision = MOST_PRECISE): Capacity => ({ kind, sizes: [precision] });

const CAPACITIES: Readonly<Record<string, (...args: number[]) => Capacity>> = {
  smallint: () => integer(16),
  integer: () => integer(32),
  bigint: () => integer(64),
  numeric: (precision, scale) => decimal(precision, scale),
  real: () => float(24),
  'double precision': () => float(53),
  'character varying': text,
  text,
  character,
  boolean: exact('boolean'),
  uuid: exact('uuid'),
  json: exact('json'),
  jsonb: exact('jsonb'),
  bytea: exact('bytes'),
  date: exact('date'),
  'timestamp without time zone': precise('timestamp'),
  'timestamp with time zone': precise('timestamp with time zone'),
  'time without time zone': precise('time'),
  'time with time zone': precise('time with time zone'),
};
