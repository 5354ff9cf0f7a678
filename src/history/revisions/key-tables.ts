import { type AuditPlan } from '../../audited/audit-plan.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type Key, type KeyDescription, type KeyTable } from '../../dialect/keys/key.js';
import { onRunner, type Reading } from './reading.js';

/** Rows of a number and a uuid, to join with revisions: `k.key(0)` and `k.key(1)`. */
export async function idTable(reading: Reading, plan: AuditPlan): Promise<KeyTable> {
  return dialectOf(reading.dataSource).keys.table(await idTypes(reading, plan));
}

/** Some rows of an audited table, each with a version and the id of a revision, to join with both tables. */
export interface RowTable {
  /** For FROM, aliased `k`. */
  readonly sql: string;
  /** The row's number, from 0. */
  readonly ordinal: string;
  /** The n-th key column, in the types of the audited table. */
  key(n: number): string;
  readonly version: string;
  readonly revisionId: string;
  /** The index hints of the audited table and of the revision table; see `KeyTable#lookup`. */
  readonly lookup: string;
  readonly revisionLookup: string;
  /** The values of the parameters. */
  bind(
    rows: readonly { readonly key: Key; readonly version?: number; readonly revisionId?: string }[],
  ): Record<string, unknown>;
}

/** The row table of an audited table. */
export async function rowTable(reading: Reading, plan: AuditPlan): Promise<RowTable> {
  const { known, dataSource } = reading.tables;
  const { keys } = dialectOf(dataSource);
  const ids = await idTypes(reading, plan);
  let own = known.keyTypes.get(plan);
  if (!own) {
    const columns = plan.keys.map(({ source }) => source);
    known.keyTypes.set(plan, (own = await onRunner(reading, (runner) => keys.describe(runner, columns))));
  }
  const count = plan.keys.length;
  const table = keys.table({
    ...own,
    columns: [...own.columns, ...ids.columns],
    types: [...own.types, ...ids.types],
  });
  return {
    sql: table.sql,
    ordinal: table.ordinal,
    key: (n) => table.key(n),
    version: table.key(count),
    revisionId: table.key(count + 1),
    lookup: table.lookup ?? '',
    revisionLookup: keys.table(ids).lookup ?? '',
    bind: (rows) =>
      table.bind(rows.map(({ key, version = null, revisionId = null }) => [...key, version, revisionId])),
  };
}

async function idTypes(reading: Reading, plan: AuditPlan): Promise<KeyDescription> {
  const { known, dataSource } = reading.tables;
  const columns = ['revVersion', 'revId'].map((name) => plan.revision.findColumnWithPropertyName(name)!);
  return (known.idTypes ??= await onRunner(reading, (runner) =>
    dialectOf(dataSource).keys.describe(runner, columns),
  ));
}
