import { type QueryRunner, Table, TableColumn } from 'typeorm';
import { withProperty } from './patches/schema-builder.patch.js';

/** A column of a table that TypeORM's schema builder changed. */
export interface ColumnChange {
  readonly table: Table;
  readonly name: string;
  /** The default that it had, as SQL. */
  readonly default?: string;
}

/** What TypeORM's schema builder did to columns. */
export interface ColumnChanges {
  readonly renamed: (ColumnChange & { readonly to: string })[];
  /** Dropped and added again, because the type changed. */
  readonly emptied: ColumnChange[];
  readonly dropped: ColumnChange[];
  readonly added: ColumnChange[];
}

type Method = (...given: any[]) => Promise<unknown>;

/** Runs something, and notes which columns it changes by a query runner. */
export async function watchColumns(
  queryRunner: QueryRunner,
  run: () => Promise<void>,
): Promise<ColumnChanges> {
  const changes: ColumnChanges = { renamed: [], emptied: [], dropped: [], added: [] };
  // TypeORM drops and adds the column from within changeColumn().
  let changing = false;
  const watched: Record<string, (original: Method) => Method> = {
    renameColumn: (original) => (table, from, to) => {
      // TypeORM takes a changed type for a rename to the same name.
      if (table instanceof Table && nameOf(from) !== nameOf(to))
        changes.renamed.push({ table, name: nameOf(from), to: nameOf(to) });
      return original(table, from, to);
    },
    changeColumn:
      (original) =>
      async (...given) => {
        const outer = changing;
        changing = true;
        try {
          return await original(...given);
        } finally {
          changing = outer;
        }
      },
    dropColumn:
      (original) =>
      (table, column, ...rest) => {
        if (table instanceof Table && changing) changes.emptied.push(changeOf(table, column));
        return original(table, column, ...rest);
      },
    dropColumns:
      (original) =>
      (table, columns, ...rest) => {
        if (table instanceof Table)
          changes.dropped.push(...(columns as TableColumn[]).map((column) => changeOf(table, column)));
        return original(table, columns, ...rest);
      },
    addColumns: (original) => (table, columns) => {
      if (table instanceof Table && !changing)
        changes.added.push(...(columns as TableColumn[]).map((column) => changeOf(table, column)));
      return original(table, columns);
    },
  };
  const within = Object.entries(watched).reduce<() => Promise<unknown>>((inner, [name, watch]) => {
    const original = (queryRunner as unknown as Record<string, Method>)[name];
    return () => withProperty(queryRunner, name, watch(original.bind(queryRunner)), inner);
  }, run);
  await within();
  return changes;
}

function nameOf(column: string | TableColumn): string {
  return typeof column === 'string' ? column : column.name;
}

function changeOf(table: Table, column: string | TableColumn): ColumnChange {
  const found = typeof column === 'string' ? table.findColumnByName(column) : column;
  return { table, name: nameOf(column), default: defaultOf(found) };
}

/** The default of a column as SQL. TypeORM types it as `any`. */
export function defaultOf(column: TableColumn | undefined): string | undefined {
  const given: unknown = column?.default;
  return typeof given === 'string' ? given : undefined;
}
