import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { type Key } from '../dialect/dialect.js';
import { bindStatement, compileStatement } from '../dialect/statement.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type KeyReader, keyText } from './key-reader.js';

/** Rows that the database itself will change in the course of a statement. */
export interface CascadedWrite {
  readonly plan: AuditPlan;
  readonly operation: 'update' | 'delete';
  readonly keys: readonly Key[];
}

/** Follows foreign keys with `ON DELETE` / `ON UPDATE` actions into audited tables, which no event tells of. */
export class Cascades {
  private readonly known = new Map<string, readonly ForeignKeyMetadata[]>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeyReader,
  ) {}

  /** Whether deleting rows of a table can change audited rows of others, or of the same one. */
  followDeletes(metadata: EntityMetadata): boolean {
    return this.deleteActions(metadata).length > 0;
  }

  /** The foreign keys whose columns change with these columns of a table. */
  followUpdates(metadata: EntityMetadata, changed: ReadonlySet<string>): readonly ForeignKeyMetadata[] {
    return this.foreignKeysTo(metadata).filter(
      (foreignKey) =>
        acts(foreignKey.onUpdate) &&
        foreignKey.referencedColumns.some((column) => changed.has(column.databaseName)) &&
        this.planOf(foreignKey.entityMetadata),
    );
  }

  /** The audited rows that deleting rows would delete or update, to any depth; locked where the database can. */
  async ofDelete(queryRunner: QueryRunner, metadata: EntityMetadata, keys: readonly Key[]): Promise<CascadedWrite[]> {
    const writes: CascadedWrite[] = [];
    const seen = new Map([[metadata.tablePath, new Set(keys.map(keyText))]]);
    let level: { metadata: EntityMetadata; keys: readonly Key[] }[] = [{ metadata, keys }];
    while (level.length > 0) {
      const next: typeof level = [];
      for (const parent of level)
        for (const foreignKey of this.deleteActions(parent.metadata)) {
          const child = foreignKey.entityMetadata;
          const children = await this.referring(queryRunner, foreignKey, parent.metadata, parent.keys);
          const deletes = foreignKey.onDelete === 'CASCADE';
          const fresh = deletes ? unseen(seen, child, children) : children;
          if (fresh.length === 0) continue;
          const plan = this.planOf(child);
          if (plan) writes.push({ plan, operation: deletes ? 'delete' : 'update', keys: fresh });
          if (deletes) next.push({ metadata: child, keys: fresh });
        }
      level = next;
    }
    return writes;
  }

  /** The audited rows that refer to rows by one of the foreign keys. */
  async ofUpdate(
    queryRunner: QueryRunner,
    foreignKeys: readonly ForeignKeyMetadata[],
    keys: readonly Key[],
  ): Promise<CascadedWrite[]> {
    const writes: CascadedWrite[] = [];
    for (const foreignKey of foreignKeys) {
      const children = await this.referring(queryRunner, foreignKey, foreignKey.referencedEntityMetadata, keys);
      if (children.length > 0)
        writes.push({ plan: this.planOf(foreignKey.entityMetadata)!, operation: 'update', keys: children });
    }
    return writes;
  }

  private async referring(
    queryRunner: QueryRunner,
    foreignKey: ForeignKeyMetadata,
    parent: EntityMetadata,
    keys: readonly Key[],
  ): Promise<Key[]> {
    const dialect = dialectOf(this.dataSource);
    const escape = (name: string): string => this.dataSource.driver.escape(name);
    const path = (metadata: EntityMetadata): string => metadata.tablePath.split('.').map(escape).join('.');
    const table = await this.keys.table(queryRunner, parent);
    const isKey = parent.primaryColumns.map((column, n) => `t.${escape(column.databaseName)} = ${table.key(n)}`);
    const refers = foreignKey.columns.map(
      (column, n) =>
        `c.${escape(column.databaseName)} = t.${escape(foreignKey.referencedColumns[n].databaseName)}`,
    );
    const statement = compileStatement(
      dialect,
      `SELECT ${this.keys.expressions(foreignKey.entityMetadata, 'c')} FROM ${table.sql} ` +
        `${dialect.leadingJoin} ${path(parent)} t ON ${isKey.join(' AND ')} ` +
        `${dialect.leadingJoin} ${path(foreignKey.entityMetadata)} c ON ${refers.join(' AND ')}${dialect.lock('c')}`,
    );
    const found: Key[] = [];
    for (let at = 0; at < keys.length; at += table.limit) {
      const values = table.bind(keys.slice(at, at + table.limit));
      const rows = (await queryRunner.query(statement.text, bindStatement(statement, values))) as Record<string, unknown>[];
      found.push(...this.keys.keysIn(foreignKey.entityMetadata, rows));
    }
    return found;
  }

  // Only those that lead into an audited table, at once or through others.
  private deleteActions(metadata: EntityMetadata): readonly ForeignKeyMetadata[] {
    let actions = this.known.get(metadata.tablePath);
    if (!actions) {
      actions = this.foreignKeysTo(metadata).filter(
        (foreignKey) => acts(foreignKey.onDelete) && this.reachesAudited(foreignKey, new Set()),
      );
      this.known.set(metadata.tablePath, actions);
    }
    return actions;
  }

  private reachesAudited(foreignKey: ForeignKeyMetadata, passed: Set<string>): boolean {
    const child = foreignKey.entityMetadata;
    if (this.planOf(child)) return true;
    if (foreignKey.onDelete !== 'CASCADE' || passed.has(child.tablePath)) return false;
    passed.add(child.tablePath);
    return this.foreignKeysTo(child).some((next) => acts(next.onDelete) && this.reachesAudited(next, passed));
  }

  // A single-table inheritance has the same foreign key on several metadatas.
  private foreignKeysTo(metadata: EntityMetadata): ForeignKeyMetadata[] {
    const all = this.dataSource.entityMetadatas
      .flatMap((child) => child.foreignKeys)
      .filter((foreignKey) => foreignKey.referencedEntityMetadata.tablePath === metadata.tablePath);
    const id = (foreignKey: ForeignKeyMetadata): string =>
      `${foreignKey.entityMetadata.tablePath}(${foreignKey.columns.map((column) => column.databaseName).join()})`;
    return [...new Map(all.map((foreignKey) => [id(foreignKey), foreignKey])).values()];
  }

  private planOf(metadata: EntityMetadata): AuditPlan | undefined {
    return auditPlansOf(this.dataSource).find(metadata);
  }
}

function acts(action: string | undefined): boolean {
  return action === 'CASCADE' || action === 'SET NULL' || action === 'SET DEFAULT';
}

function unseen(seen: Map<string, Set<string>>, { tablePath }: EntityMetadata, keys: readonly Key[]): Key[] {
  const known = seen.get(tablePath) ?? new Set();
  seen.set(tablePath, known);
  return keys.filter((key) => {
    const text = keyText(key);
    return !known.has(text) && known.add(text);
  });
}
