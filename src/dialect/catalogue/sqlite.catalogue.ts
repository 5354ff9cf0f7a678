import { type DataSource } from 'typeorm';
import { type ActualColumn, type Catalogue } from './catalogue.js';
import { type Capacity, type Widenings } from './column-type.js';
import { tooManyColumns } from './row-limits.js';

const COLUMNS =
  'SELECT w.key AS at, p.name, p.type, NOT p."notnull" AS nullable, ' +
  'NOT p."notnull" OR p.dflt_value IS NOT NULL OR p.hidden > 1 AS optional ' +
  `FROM json_each(?) w JOIN pragma_table_xinfo(json_extract(w.value, '$[0]'), json_extract(w.value, '$[1]')) p`;

// An expression may be 1000 levels deep, and comparing a column with its revision takes one level.
const MOST_COLUMNS = 1000;

/** For each affinity, the other affinities that return its values unchanged. */
const WIDENINGS: Widenings = {
  text: ['blob'],
  integer: ['numeric', 'blob'],
  numeric: ['integer', 'blob'],
  real: ['integer', 'numeric', 'blob'],
};

export function sqliteCatalogue({ driver }: DataSource): Catalogue {
  return {
    read: async (queryRunner, paths) => {
      const found: ActualColumn[][] = paths.map(() => []);
      const wanted = JSON.stringify(paths.map((path) => path.split('.').reverse()));
      const rows = (await queryRunner.query(COLUMNS, [wanted])) as Row[];
      for (const { at, name, type, nullable, optional } of rows)
        found[at].push({ name, type, isNullable: nullable === 1, isOptional: optional === 1 });
      return found;
    },
    neededType: (column) => driver.createFullType({ ...column, type: driver.normalizeType(column) } as never),
    capacityOf,
    widenings: WIDENINGS,
    hasCase: false,
    // Names are case-insensitive, and the default schema is `main`.
    tablePlace: (target) =>
      (typeof target === 'string' ? target : target.tablePath).toLowerCase().replace(/^main\./, ''),
    tooWide: (_, { length }) => tooManyColumns(length, MOST_COLUMNS),
  };
}

interface Row {
  at: number;
  name: string;
  type: string;
  nullable: number;
  optional: number;
}

// SQLite takes values of any length and type, and converts them by the column's affinity. See "Determination Of Column
// Affinity" in its documentation.
function capacityOf(type: string): Capacity {
  const name = type.toUpperCase();
  const kind = /INT/.test(name)
    ? 'integer'
    : /CHAR|CLOB|TEXT/.test(name)
      ? 'text'
      : name === '' || /BLOB/.test(name)
        ? 'blob'
        : /REAL|FLOA|DOUB/.test(name)
          ? 'real'
          : 'numeric';
  return { kind, sizes: [] };
}
