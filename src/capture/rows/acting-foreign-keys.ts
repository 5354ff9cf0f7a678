import { type DataSource, type EntityMetadata } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { foreignKeysTo } from '../../audited/foreign-keys.js';

/** An audited table that a write of another one changes. */
export interface Reached {
  readonly table: EntityMetadata;
  readonly operation: 'delete' | 'update';
}

/** The foreign keys whose actions change audited rows when a row of a table is written. */
export class ActingForeignKeys {
  // Keyed by metadata, because a data source that is initialised again has new metadata.
  private readonly referring = new WeakMap<EntityMetadata, readonly ForeignKeyMetadata[]>();
  private readonly deleting = new WeakMap<EntityMetadata, readonly ForeignKeyMetadata[]>();

  constructor(private readonly dataSource: DataSource) {}

  /** Foreign keys whose ON DELETE action changes audited rows, directly or through other tables. */
  actingOnDelete(table: EntityMetadata): readonly ForeignKeyMetadata[] {
    return cached(this.deleting, table, () =>
      this.referringTo(table).filter((key) => acts(key.onDelete) && this.deletesAudited(key, new Set())),
    );
  }

  /**
   * Foreign keys whose ON UPDATE action changes audited rows, directly or through other tables.
   *
   * @param changed the changed columns; called only if a foreign key could act
   */
  actingOnUpdate(
    table: EntityMetadata,
    changed: () => ReadonlySet<string>,
    passed: readonly ForeignKeyMetadata[] = [],
  ): readonly ForeignKeyMetadata[] {
    const acting = this.referringTo(table).filter((key) => acts(key.onUpdate) && !passed.includes(key));
    if (acting.length === 0) return acting;
    const names = changed();
    return acting.filter(
      (key) =>
        key.referencedColumns.some((column) => names.has(column.databaseName)) &&
        (this.isAudited(key.entityMetadata) || this.actingOnUpdateOf(key, passed).length > 0),
    );
  }

  /** The audited tables whose rows a delete deletes or updates by ON DELETE actions, directly or through others. */
  reachedByDelete(table: EntityMetadata): Reached[] {
    const reached: Reached[] = [];
    const passed = new Set([table.tablePath]);
    const tables = [table];
    for (const parent of tables)
      for (const { entityMetadata: child, onDelete } of this.actingOnDelete(parent)) {
        const deletes = onDelete === 'CASCADE';
        if (this.isAudited(child)) reached.push({ table: child, operation: deletes ? 'delete' : 'update' });
        if (!deletes || passed.has(child.tablePath)) continue;
        passed.add(child.tablePath);
        tables.push(child);
      }
    return reached.filter((one) => one.table !== table || one.operation !== 'delete');
  }

  /** The audited tables whose rows an update of some columns updates by ON UPDATE actions, directly or through others. */
  reachedByUpdate(table: EntityMetadata, changed: () => ReadonlySet<string>): Reached[] {
    const keys = [...this.actingOnUpdate(table, changed)];
    for (const key of keys)
      for (const next of this.actingOnUpdateOf(key, keys)) if (!keys.includes(next)) keys.push(next);
    const tables = new Set(keys.map((key) => key.entityMetadata).filter((child) => this.isAudited(child)));
    return [...tables].map((child) => ({ table: child, operation: 'update' }));
  }

  /** The audited tables that refer to a table, directly or through others, whatever the foreign keys' actions. */
  referringTables(table: EntityMetadata): EntityMetadata[] {
    const tables = [table];
    for (const parent of tables)
      for (const { entityMetadata } of this.referringTo(parent))
        if (!tables.includes(entityMetadata)) tables.push(entityMetadata);
    return tables.filter((one) => one !== table && this.isAudited(one));
  }

  /** Like `actingOnUpdate()`, for the columns that another foreign key's action has just changed. */
  actingOnUpdateOf(
    key: ForeignKeyMetadata,
    passed: readonly ForeignKeyMetadata[],
  ): readonly ForeignKeyMetadata[] {
    const columns = new Set(key.columns.map((column) => column.databaseName));
    return this.actingOnUpdate(key.entityMetadata, () => columns, [...passed, key]);
  }

  /** Whether audited rows refer to a table, directly or through other tables, whatever the foreign keys' actions. */
  isReferred(table: EntityMetadata, passed = new Set<string>()): boolean {
    if (passed.has(table.tablePath)) return false;
    passed.add(table.tablePath);
    return this.referringTo(table).some(
      ({ entityMetadata }) => this.isAudited(entityMetadata) || this.isReferred(entityMetadata, passed),
    );
  }

  private deletesAudited(key: ForeignKeyMetadata, passed: Set<string>): boolean {
    const child = key.entityMetadata;
    if (this.isAudited(child)) return true;
    if (key.onDelete !== 'CASCADE' || passed.has(child.tablePath)) return false;
    passed.add(child.tablePath);
    return this.referringTo(child).some((next) => acts(next.onDelete) && this.deletesAudited(next, passed));
  }

  private referringTo(table: EntityMetadata): readonly ForeignKeyMetadata[] {
    return cached(this.referring, table, () => foreignKeysTo(this.dataSource, table));
  }

  private isAudited(metadata: EntityMetadata): boolean {
    return auditPlansOf(this.dataSource).find(metadata) !== undefined;
  }
}

function acts(action: string | undefined): boolean {
  return action === 'CASCADE' || action === 'SET NULL' || action === 'SET DEFAULT';
}

function cached<K extends object, V>(cache: WeakMap<K, V>, key: K, make: () => V): V {
  let value = cache.get(key);
  if (!value) cache.set(key, (value = make()));
  return value;
}
