import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, maskKind, type PlanColumn } from '../audited/audit-plan.js';
import { type ActualColumn } from '../dialect/catalogue/catalogue.js';
import { holds } from '../dialect/catalogue/column-type.js';
import { type Dialect } from '../dialect/dialect.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type ShapeRegistry } from './shape-registry.js';
import { type TableDraft } from './table-draft.js';

/** Gives a revision table the columns that a plan writes, each with a type that holds what it writes. */
export function fitColumns(
  dataSource: DataSource,
  draft: TableDraft,
  plan: AuditPlan,
  registry: ShapeRegistry,
): void {
  const copies = new Map(plan.columns.map((column) => [column.copy, column]));
  for (const column of draft.metadata.columns) {
    if (column.isVirtualProperty) continue;
    const copied = copies.get(column);
    const isSameMask = (name: string): boolean =>
      !copied || registry.columnsOf(plan, name).every(({ mask }) => mask === maskOf(copied));
    fitColumn(dataSource, draft, column, isSameMask, () => {
      if (copied) keepAndAdd(dataSource, draft, plan, column, isSameMask, registry);
    });
  }
}

/** Gives another table of this library the columns of its metadata. */
export function addColumns(dataSource: DataSource, draft: TableDraft): void {
  for (const column of draft.metadata.columns)
    fitColumn(
      dataSource,
      draft,
      column,
      () => true,
      () => undefined,
    );
}

function fitColumn(
  dataSource: DataSource,
  draft: TableDraft,
  column: ColumnMetadata,
  isSameMask: (name: string) => boolean,
  convert: () => void,
): void {
  const { schema } = dialectOf(dataSource);
  const name = column.databaseName;
  const actual = draft.find(name);
  const type = schema.columnType(column);
  if (!actual) {
    draft.add({ up: schema.addColumn(draft.place(name), type) });
    draft.put({ name, type, isNullable: true, isOptional: true });
  } else if (!isSameMask(name)) convert();
  else if (!isHeld(dataSource, draft, column, actual)) {
    if (!schema.widenColumn || !isWidening(dataSource, column, actual)) return convert();
    draft.add({ up: schema.widenColumn(draft.place(actual.name), type, actual.isNullable) });
    draft.change(name, { type });
  }
}

// The values so far go to a column of their own, and a new one takes the name. Its revert swaps them back, and the new
// column keeps its values too: so it is made under the name that it has then.
function keepAndAdd(
  dataSource: DataSource,
  draft: TableDraft,
  plan: AuditPlan,
  column: ColumnMetadata,
  isSameMask: (name: string) => boolean,
  registry: ShapeRegistry,
): void {
  const { schema } = dialectOf(dataSource);
  const name = column.databaseName;
  const [kept, next] = draft.keptNames(name);
  const older = draft
    .keptOf(name)
    .find((candidate) => isSameMask(candidate.name) && isHeld(dataSource, draft, column, candidate));
  const spare = older?.name ?? next;
  const type = schema.columnType(column);
  const rename = (from: string, to: string): string[] => schema.renameColumn(draft.place(from), to);
  draft.add({
    up: [
      ...(older ? [] : schema.addColumn(draft.place(spare), type)),
      ...rename(name, kept),
      registry.rename(plan, name, kept, plan.shape),
      ...rename(spare, name),
      registry.rename(plan, spare, name),
    ],
    down: [
      ...rename(name, spare),
      registry.rename(plan, name, spare),
      ...rename(kept, name),
      registry.rename(plan, kept, name),
    ],
  });
  draft.change(name, { name: kept });
  if (older) draft.change(spare, { name });
  else draft.put({ name, type, isNullable: true, isOptional: true });
}

function isHeld(
  dataSource: DataSource,
  draft: TableDraft,
  column: ColumnMetadata,
  { name, type }: ActualColumn,
): boolean {
  const { catalogue }: Dialect = dialectOf(dataSource);
  const needed = catalogue.capacityOf(catalogue.neededType(column));
  const isHeld = holds(catalogue.capacityOf(type), needed, catalogue.widenings);
  if (isHeld !== undefined) return isHeld;
  // The catalogue doesn't know the type, and may spell it in another way than TypeORM does.
  const known = draft.table.findColumnByName(name);
  return (
    known === undefined ||
    (known.type === dataSource.driver.normalizeType(column) && known.isArray === column.isArray)
  );
}

/** Whether a column's type holds all values of the type that the table has. */
function isWidening(dataSource: DataSource, column: ColumnMetadata, { type }: ActualColumn): boolean {
  const { catalogue } = dialectOf(dataSource);
  const wanted = catalogue.capacityOf(catalogue.neededType(column));
  return holds(wanted, catalogue.capacityOf(type), catalogue.widenings) === true;
}

function maskOf({ mask }: PlanColumn): ReturnType<typeof maskKind> | undefined {
  return mask && maskKind(mask);
}
