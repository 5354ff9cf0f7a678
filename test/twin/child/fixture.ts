import { type DataSource, type EntityMetadata } from 'typeorm';
import {
  Bell,
  Branch,
  Folder,
  Item,
  Note,
  Pair,
  Place,
  Shelf,
  Sticker,
  Tag,
} from '../../support/entities/shelves.js';
import { type RawConnection } from './raw-connection.js';

/** The tables' content that every scenario begins with. */
export class Fixture {
  private constructor(
    private readonly raw: RawConnection,
    private readonly sql: string,
    private readonly keys: ReadonlyMap<string, number>,
  ) {}

  /** Fills the tables, and keeps a copy of each. */
  static async fill(dataSource: DataSource, raw: RawConnection): Promise<Fixture> {
    await fill(dataSource);
    const tables = tablesOf(dataSource);
    const names = tables.map(({ tableName }) => tableName);
    for (const name of names)
      await raw.run(`CREATE TABLE keep_${name} AS SELECT * FROM ${quoted(dataSource, name)}`);
    // A vacuum would let rows come back in another order.
    if (dataSource.options.type === 'postgres')
      for (const name of names) await raw.run(`ALTER TABLE "${name}" SET (autovacuum_enabled = false)`);
    const isMysql = !['postgres', 'better-sqlite3'].includes(dataSource.options.type);
    return new Fixture(
      raw,
      await resetSql(dataSource, raw, tables),
      isMysql ? await nextKeys(raw) : new Map(),
    );
  }

  /** @throws Error when a transaction that was left open holds locks on the tables */
  async reset(): Promise<void> {
    await this.raw.run(this.sql);
    // An ALTER TABLE takes longer than all the rest.
    for (const [table, next] of this.keys.size > 0 ? await nextKeys(this.raw) : [])
      if (next !== this.keys.get(table))
        await this.raw.run(`ALTER TABLE \`${table}\` AUTO_INCREMENT = ${this.keys.get(table)}`);
  }
}

/** Every table but views: those of entities, junctions, closures and revisions. */
export function tablesOf(dataSource: DataSource): EntityMetadata[] {
  const byName = new Map(dataSource.entityMetadatas.map((metadata) => [metadata.tableName, metadata]));
  return [...byName.values()];
}

export function quoted(dataSource: DataSource, name: string): string {
  return dataSource.driver.escape(name);
}

async function fill({ manager }: DataSource): Promise<void> {
  const shelves = await manager.save(Shelf, [{ label: 'one' }, { label: 'two' }, { label: 'three' }]);
  const tags = await manager.save(
    Tag,
    [1, 2, 3, 4].map((id) => ({ id, label: `t${id}` })),
  );
  const items = ['a', 'b', 'c', 'd', 'e', 'f'].map((code, index) => ({
    code,
    n: index + 1,
    shelf: shelves[index],
    tags: index < 3 ? tags.slice(0, 2) : [],
  }));
  await manager.save(Item, items);
  const gone = await manager.save(
    Item,
    ['x', 'y', 'z'].map((code) => ({ code, n: 100 })),
  );
  await manager.softRemove(Item, gone);
  await manager.save(
    Sticker,
    [1, 2, 3].map((id) => ({ id, shelf: shelves[id - 1] })),
  );
  await manager.save(
    Pair,
    [1, 2, 3].map((a) => ({ a, b: 'x' })),
  );
  await manager.save(
    Place,
    [1, 2, 3, 4].map((id) => ({ id, position: id })),
  );
  for (const Node of [Folder, Branch]) {
    const root = await manager.save(Node, { name: 'root' });
    const inner = await manager.save(Node, { name: 'inner', parent: root });
    await manager.save(Node, { name: 'leaf', parent: inner });
  }
  await manager.save(
    Bell,
    [1, 2, 3].map((id) => ({ id })),
  );
  await manager.softDelete(Bell, 3);
  await manager.save(
    Note,
    [1, 2, 3].map((id) => ({ id, text: `note ${id}` })),
  );
}

async function resetSql(
  dataSource: DataSource,
  raw: RawConnection,
  tables: EntityMetadata[],
): Promise<string> {
  const refill = [
    ...tables.map(({ tableName }) => `DELETE FROM ${quoted(dataSource, tableName)}`),
    ...tables.map(
      ({ tableName }) => `INSERT INTO ${quoted(dataSource, tableName)} SELECT * FROM keep_${tableName}`,
    ),
    'DELETE FROM trace',
  ];
  const { type } = dataSource.options;
  const counted = tables.filter(({ generatedColumns }) =>
    generatedColumns.some(({ generationStrategy }) => generationStrategy === 'increment'),
  );
  if (type === 'postgres') {
    const restarts = counted.map(
      ({ tableName }) =>
        `SELECT setval(pg_get_serial_sequence('"${tableName}"', 'id'), (SELECT max(id) FROM keep_${tableName}))`,
    );
    return joined([
      'BEGIN',
      'SET LOCAL session_replication_role = replica',
      ...refill,
      ...restarts,
      'COMMIT',
    ]);
  }
  if (type === 'better-sqlite3') {
    await raw.run('CREATE TABLE keep_sequences AS SELECT * FROM sqlite_sequence');
    const restarts = [
      'DELETE FROM sqlite_sequence',
      'INSERT INTO sqlite_sequence SELECT * FROM keep_sequences',
    ];
    return joined([
      'PRAGMA foreign_keys = 0',
      'BEGIN',
      ...refill,
      ...restarts,
      'COMMIT',
      'PRAGMA foreign_keys = 1',
    ]);
  }
  return joined(['SET foreign_key_checks = 0', 'BEGIN', ...refill, 'COMMIT']);
}

/** On MySQL and MariaDB, each table's next generated key. */
async function nextKeys(raw: RawConnection): Promise<Map<string, number>> {
  const [rows] = await raw.run(
    'SELECT table_name AS name, auto_increment AS next FROM information_schema.tables ' +
      'WHERE table_schema = database() AND auto_increment IS NOT NULL',
  );
  return new Map(rows.map(({ name, next }) => [String(name), Number(next)]));
}

// As the raw connection to SQLite takes them apart.
function joined(statements: string[]): string {
  return statements.join(';\n');
}
