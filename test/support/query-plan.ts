import { type DataSource } from 'typeorm';
import { type DatabaseName } from './databases.js';
import { type RecordedQuery } from './query-recorder.js';

/** What one step of a plan reads. */
export interface TableRead {
  /** As the query names the table; in angle brackets what isn't stored. */
  readonly alias: string;
  /** The name of the index that it reads by, or null. */
  readonly index: string | null;
  readonly isScan: boolean;
  /** How many rows it has read; SQLite doesn't count them. */
  readonly rows: number;
}

export interface QueryPlan {
  readonly reads: TableRead[];
  readonly sorts: boolean;
}

/** How a database runs a query. PostgreSQL and MariaDB run it for that, SQLite doesn't. */
export async function planOf(
  name: DatabaseName,
  dataSource: DataSource,
  { sql, parameters }: RecordedQuery,
): Promise<QueryPlan> {
  return readPlan[name](await dataSource.query<Row[]>(`${explain[name]} ${sql}`, parameters));
}

type Row = Record<string, unknown>;

const explain: Record<DatabaseName, string> = {
  sqlite: 'EXPLAIN QUERY PLAN',
  postgres: 'EXPLAIN (ANALYZE, FORMAT JSON)',
  mariadb: 'ANALYZE',
};

const readPlan: Record<DatabaseName, (rows: Row[]) => QueryPlan> = {
  sqlite: readSqlitePlan,
  postgres: readPostgresPlan,
  mariadb: readMariadbPlan,
};

function readSqlitePlan(rows: Row[]): QueryPlan {
  const details = rows.map(({ detail }) => String(detail));
  const derived = details.flatMap((detail) => /^(?:CO-ROUTINE|MATERIALIZE) (\S+)/.exec(detail)?.[1] ?? []);
  return {
    reads: details
      .filter((detail) => /^(SEARCH|SCAN)/.test(detail))
      .map((detail) => {
        const [, way, alias] = /^(\S+) (\S+)/.exec(detail)!;
        const isStored = !derived.includes(alias) && !/VIRTUAL TABLE|CONSTANT ROW/.test(detail);
        return {
          alias: isStored ? alias : `<${alias}>`,
          index: /USING (?:COVERING )?INDEX (\S+)/.exec(detail)?.[1] ?? null,
          isScan: way === 'SCAN',
          rows: 0,
        };
      }),
    sorts: details.some((detail) => detail.includes('TEMP B-TREE')),
  };
}

function readPostgresPlan([row]: Row[]): QueryPlan {
  const nodes = nodesOf((row['QUERY PLAN'] as { Plan: PostgresNode }[])[0].Plan);
  return {
    reads: nodes
      .filter((node) => node['Relation Name'])
      .map((node) => {
        const index = node['Index Name'] ?? node.Plans?.[0]['Index Name'] ?? null;
        return {
          // Partitions of a union are numbered.
          alias: node.Alias!.replace(/_\d+$/, ''),
          index,
          isScan: index === null && node['Actual Loops'] > 0,
          rows: (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
        };
      }),
    sorts: nodes.some((node) => node['Node Type'].includes('Sort')),
  };
}

function readMariadbPlan(rows: Row[]): QueryPlan {
  return {
    reads: rows.map(({ table, type, key, r_rows }) => ({
      alias: (table as string | null) ?? '<none>',
      index: key as string | null,
      isScan: key === null || type === 'ALL',
      rows: Number(r_rows),
    })),
    sorts: rows.some(({ Extra }) => /filesort|temporary/.test(String(Extra))),
  };
}

interface PostgresNode {
  'Node Type': string;
  Alias?: string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PostgresNode[];
}

function nodesOf(node: PostgresNode): PostgresNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
