import { type DataSource } from 'typeorm';
import { type DatabaseName } from '../servers/databases.js';
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

/** How a database runs a query. The servers run it for that, SQLite doesn't. */
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
  mysql: 'EXPLAIN ANALYZE FORMAT=JSON',
};

const readPlan: Record<DatabaseName, (rows: Row[]) => QueryPlan> = {
  sqlite: readSqlitePlan,
  postgres: readPostgresPlan,
  mariadb: readMariadbPlan,
  mysql: readMysqlPlan,
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

function readMysqlPlan([row]: Row[]): QueryPlan {
  const plan = typeof row.EXPLAIN === 'string' ? (JSON.parse(row.EXPLAIN) as object) : row.EXPLAIN;
  const nodes = mysqlNodesOf(plan);
  return {
    reads: nodes.flatMap((node) =>
      node.table_name
        ? {
            // Only stored tables are in a schema.
            alias: node.schema_name ? (node.alias ?? node.table_name) : `<${node.table_name}>`,
            index: node.index_name ?? null,
            isScan: node.access_type !== 'index',
            rows: Math.round(node.actual_rows * node.actual_loops),
          }
        : [],
    ),
    sorts: nodes.some(({ access_type: type }) => type === 'sort'),
  };
}

interface MysqlNode {
  access_type: string;
  table_name?: string;
  schema_name?: string;
  alias?: string;
  index_name?: string;
  actual_rows: number;
  actual_loops: number;
}

// Subqueries are in members of many names.
function mysqlNodesOf(value: unknown): MysqlNode[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(mysqlNodesOf);
  return 'access_type' in value ? [value as MysqlNode, ...inner] : inner;
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
