import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type Dialect, type Key, type KeyDescription, type KeyTable } from '../dialect/dialect.js';

const ALIAS = 'audit_key_';

/** Reads primary keys in a form that loses nothing (bigints, microseconds), and puts sets of them into statements. */
export class KeyReader {
  private readonly descriptions = new Map<EntityMetadata, KeyDescription>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
  ) {}

  /** The key columns for a SELECT or RETURNING list, under names that no column of an application has. */
  expressions(metadata: EntityMetadata, alias?: string): string {
    return metadata.primaryColumns
      .map((column, n) => {
        const name = this.dataSource.driver.escape(column.databaseName);
        return `${this.dialect.readKey(alias ? `${alias}.${name}` : name, column)} AS ${ALIAS}${n}`;
      })
      .join(', ');
  }

  /** The keys in rows that were read with those columns. */
  keysIn(metadata: EntityMetadata, rows: readonly Record<string, unknown>[]): Key[] {
    return rows.map((row) => metadata.primaryColumns.map((_, n) => row[`${ALIAS}${n}`]));
  }

  /** The rows without those columns. */
  withoutKeys(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
    return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith(ALIAS))));
  }

  /** What joins a statement with keys of a table. */
  async table(queryRunner: QueryRunner, metadata: EntityMetadata): Promise<KeyTable> {
    let description = this.descriptions.get(metadata);
    if (!description) {
      description = await this.dialect.describeKeys(queryRunner, metadata.primaryColumns);
      this.descriptions.set(metadata, description);
    }
    return this.dialect.keyTable(description);
  }
}

/** A key as a member of a set. */
export function keyText(key: Key): string {
  const [only] = key;
  if (key.length === 1 && (typeof only === 'string' || typeof only === 'number')) return String(only);
  return JSON.stringify(key.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)));
}
