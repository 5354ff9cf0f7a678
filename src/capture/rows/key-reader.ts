import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key, type KeyDescription, type KeyPacker, type KeyTable } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { bindStatement, compileStatement } from '../../dialect/run/statement.js';
import { tableName } from '../../dialect/catalogue/table-name.js';

const ALIAS = 'audit_key_';

/** Reads keys in a form that loses nothing (bigints, microseconds), and passes sets of keys to statements. */
export class KeyReader {
  private readonly descriptions = new Map<EntityMetadata, KeyDescription>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
  ) {}

  /** The key columns for a SELECT or RETURNING list, under names that don't clash with the application's columns. */
  expressions(metadata: EntityMetadata, alias?: string): string {
    return this.columns(metadata)
      .map((column, n) => {
        const name = this.dataSource.driver.escape(column.databaseName);
        return `${this.dialect.keys.read(alias ? `${alias}.${name}` : name, column)} AS ${ALIAS}${n}`;
      })
      .join(', ');
  }

  /** The result columns of `expressions()`. */
  names(metadata: EntityMetadata): string[] {
    return this.columns(metadata).map((_, n) => `${ALIAS}${n}`);
  }

  /** Reads the keys of a table as one packed value; undefined where the database can't pack them. */
  packer(metadata: EntityMetadata): KeyPacker | undefined {
    return this.dialect.keys.packer?.(this.columns(metadata));
  }

  /** The keys in result rows with the columns of `expressions()`. */
  keysIn(metadata: EntityMetadata, rows: readonly Record<string, unknown>[]): Key[] {
    const columns = this.columns(metadata);
    return rows.map((row) => columns.map((_, n) => row[`${ALIAS}${n}`]));
  }

  /** The result rows without the columns of `expressions()`. */
  withoutKeys(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith(ALIAS))),
    );
  }

  /** The keys whose rows exist. */
  existing(queryRunner: QueryRunner, metadata: EntityMetadata, keys: readonly Key[]): Promise<Key[]> {
    return this.select(queryRunner, metadata, keys, { table: metadata, alias: 't', from: '' });
  }

  /** Reads keys of a table that is joined, under an alias, to the rows `t` with the given keys. */
  async select(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    keys: readonly Key[],
    joined: { table: EntityMetadata; alias: string; from: string },
  ): Promise<Key[]> {
    if (keys.length === 0) return [];
    const path = tableName(this.dataSource, metadata);
    const given = await this.table(queryRunner, metadata);
    const names = this.columns(metadata).map(({ databaseName }) =>
      this.dataSource.driver.escape(databaseName),
    );
    const statement = compileStatement(
      this.dialect,
      `SELECT ${this.expressions(joined.table, joined.alias)} FROM ${given.sql} ` +
        `${this.dialect.sql.leadingJoin} ${path} t${given.lookup ?? ''} ON ${keysEqual(names, 't', (n) => given.key(n))} ${joined.from}`,
    );
    const found: Key[] = [];
    for (let at = 0; at < keys.length; at += given.limit) {
      const values = bindStatement(statement, given.bind(keys.slice(at, at + given.limit)));
      const rows = (await queryRunner.query(statement.text, values)) as Record<string, unknown>[];
      found.push(...this.keysIn(joined.table, rows));
    }
    return found;
  }

  /** The key table: joins a statement with keys of a table. */
  async table(queryRunner: QueryRunner, metadata: EntityMetadata): Promise<KeyTable> {
    return this.dialect.keys.table(await this.describe(queryRunner, metadata));
  }

  /** The key column that the database numbers, if only the catalogue can tell. */
  async numberColumn(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
  ): Promise<ColumnMetadata | undefined> {
    return (await this.describe(queryRunner, metadata)).numbered;
  }

  private columns(metadata: EntityMetadata): readonly ColumnMetadata[] {
    return auditPlansOf(this.dataSource).keyed(metadata).primaryColumns;
  }

  private async describe(queryRunner: QueryRunner, metadata: EntityMetadata): Promise<KeyDescription> {
    let description = this.descriptions.get(metadata);
    if (!description) {
      description = await this.dialect.keys.describe(queryRunner, this.columns(metadata));
      this.descriptions.set(metadata, description);
    }
    return description;
  }
}
