export type Value = string | number | boolean | null;
export type Row = Record<string, Value>;
export type TableName = 'customer' | 'note' | 'purchase' | 'line' | 'tag' | 'purchase_tags';
/** All rows of all tables, by table and key. */
export type State = Record<TableName, Map<string, Row>>;

/** The columns of each table, its key first; `deletedAt` only as whether it is set. */
export const TABLES: Record<TableName, { key: string[]; columns: string[] }> = {
  customer: { key: ['id'], columns: ['id', 'name', 'managerId', 'deletedAt'] },
  note: { key: ['id'], columns: ['id', 'text', 'customerId'] },
  purchase: { key: ['id'], columns: ['id', 'total', 'customerId'] },
  line: { key: ['sku', 'position'], columns: ['sku', 'position', 'quantity', 'purchaseId'] },
  tag: { key: ['name'], columns: ['name', 'label'] },
  purchase_tags: { key: ['purchaseId', 'tagName'], columns: ['purchaseId', 'tagName'] },
};

const FOREIGN_KEYS: { table: TableName; column: string; to: TableName; onDelete: 'CASCADE' | 'SET NULL' }[] =
  [
    { table: 'customer', column: 'managerId', to: 'customer', onDelete: 'SET NULL' },
    { table: 'note', column: 'customerId', to: 'customer', onDelete: 'SET NULL' },
    { table: 'purchase', column: 'customerId', to: 'customer', onDelete: 'CASCADE' },
    { table: 'line', column: 'purchaseId', to: 'purchase', onDelete: 'CASCADE' },
    { table: 'purchase_tags', column: 'purchaseId', to: 'purchase', onDelete: 'CASCADE' },
    { table: 'purchase_tags', column: 'tagName', to: 'tag', onDelete: 'CASCADE' },
  ];

/** A database of maps: what the real ones are held against. */
export class Model {
  state: State = {
    customer: new Map(),
    note: new Map(),
    purchase: new Map(),
    line: new Map(),
    tag: new Map(),
    purchase_tags: new Map(),
  };

  rows(table: TableName): Row[] {
    return [...this.state[table].values()];
  }

  get(table: TableName, ...key: Value[]): Row | undefined {
    return this.state[table].get(key.join('|'));
  }

  put(table: TableName, row: Row): void {
    this.state[table].set(keyOf(table, row), { ...row });
  }

  update(table: TableName, where: (row: Row) => boolean, change: (row: Row) => Row): void {
    for (const row of this.rows(table).filter(where)) {
      this.state[table].delete(keyOf(table, row));
      this.put(table, { ...row, ...change(row) });
    }
  }

  delete(table: TableName, where: (row: Row) => boolean): void {
    for (const row of this.rows(table).filter(where)) {
      this.state[table].delete(keyOf(table, row));
      for (const { table: child, column, onDelete } of FOREIGN_KEYS.filter(({ to }) => to === table)) {
        const refers = (other: Row): boolean => other[column] === row[TABLES[table].key[0]];
        if (onDelete === 'CASCADE') this.delete(child, refers);
        else this.update(child, refers, () => ({ [column]: null }));
      }
    }
  }

  snapshot(): State {
    const copy = (table: Map<string, Row>): Map<string, Row> =>
      new Map([...table].map(([key, row]) => [key, { ...row }]));
    return Object.fromEntries(
      Object.entries(this.state).map(([table, rows]) => [table, copy(rows)]),
    ) as State;
  }
}

export function keyOf(table: TableName, row: Row): string {
  return TABLES[table].key.map((column) => row[column]).join('|');
}
