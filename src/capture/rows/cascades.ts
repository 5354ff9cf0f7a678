import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key } from '../../dialect/keys/key.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { ActingForeignKeys } from './acting-foreign-keys.js';
import { type KeyReader } from './key-reader.js';
import { keyText } from '../../dialect/keys/key-text.js';
import { rekey } from './rekey.js';
import { type RowsToChange, type Write } from '../write/write.js';

/** Rows that refer to rows whose referenced values are about to change. */
export interface Referring {
  readonly foreignKey: ForeignKeyMetadata;
  readonly keys: readonly Key[];
  /** The rows that they refer to, if these were found through a foreign key too. */
  readonly parent: Referring | undefined;
}

/** Finds the rows that the database changes by ON DELETE and ON UPDATE actions, for which TypeORM has no event. */
export class Cascades {
  readonly foreignKeys: ActingForeignKeys;

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
    private readonly keys: KeyReader,
  ) {
    this.foreignKeys = new ActingForeignKeys(dataSource);
  }

  /** The audited rows that a delete would delete or update, to any depth; locked if the database has row locks. */
  async ofDelete(queryRunner: QueryRunner, table: EntityMetadata, keys: readonly Key[]): Promise<Write[]> {
    const writes: Write[] = [];
    const seen = new Map([[table.tablePath, new Set(keys.map(keyText))]]);
    let level: { table: EntityMetadata; keys: readonly Key[] }[] = [{ table, keys }];
    while (level.length > 0) {
      const next: typeof level = [];
      for (const parent of level)
        for (const foreignKey of this.foreignKeys.actingOnDelete(parent.table)) {
          const child = foreignKey.entityMetadata;
          const deletes = foreignKey.onDelete === 'CASCADE';
          const children = await this.referring(queryRunner, foreignKey, parent.keys, deletes);
          const fresh = deletes ? unseen(seen, child, children) : children;
          if (fresh.length === 0) continue;
          const plan = this.planOf(child);
          if (plan) writes.push({ plan, operation: deletes ? 'delete' : 'update', keys: fresh });
          if (deletes) next.push({ table: child, keys: fresh });
        }
      level = next;
    }
    return writes;
  }

  /** The rows whose foreign keys an update is about to change, to any depth. */
  async beforeUpdate(
    queryRunner: QueryRunner,
    foreignKeys: readonly ForeignKeyMetadata[],
    keys: readonly Key[],
    through: readonly Referring[] = [],
  ): Promise<Referring[]> {
    const found: Referring[] = [];
    const passed = through.map(({ foreignKey }) => foreignKey);
    for (const foreignKey of foreignKeys) {
      const rows = await this.referring(queryRunner, foreignKey, keys);
      if (rows.length === 0) continue;
      const referring: Referring = { foreignKey, keys: rows, parent: through.at(-1) };
      const next = this.foreignKeys.actingOnUpdateOf(foreignKey, passed);
      found.push(referring, ...(await this.beforeUpdate(queryRunner, next, rows, [...through, referring])));
    }
    return found;
  }

  /** The writes that the update has made of them, given the new keys of the rows that it updated. */
  async afterUpdate(
    queryRunner: QueryRunner,
    referring: readonly Referring[],
    keys: readonly Key[],
  ): Promise<Write[]> {
    const now = new Map<Referring | undefined, readonly Key[]>([[undefined, keys]]);
    const writes: Write[] = [];
    for (const rows of referring) {
      const { foreignKey, parent } = rows;
      const isRekeyed =
        foreignKey.onUpdate === 'CASCADE' && foreignKey.columns.some((column) => column.isPrimary);
      const next = isRekeyed ? await this.referring(queryRunner, foreignKey, now.get(parent)!) : rows.keys;
      now.set(rows, next);
      const plan = this.planOf(foreignKey.entityMetadata);
      if (plan) writes.push(...rekey(plan, 'update', rows.keys, next));
    }
    return writes;
  }

  /** The rows that are about to be changed because others are. */
  toChange(referring: readonly Referring[]): RowsToChange[] {
    return referring.flatMap(({ foreignKey, keys }) => {
      const plan = this.planOf(foreignKey.entityMetadata);
      return plan ? [{ plan, isDeleted: false, keys }] : [];
    });
  }

  // Locks the rows as the database's own action does.
  private referring(
    queryRunner: QueryRunner,
    foreignKey: ForeignKeyMetadata,
    keys: readonly Key[],
    isDeleted = false,
  ): Promise<Key[]> {
    const lock = isDeleted ? this.dialect.locks.forUpdate('c') : this.dialect.locks.forNoKeyUpdate('c');
    const { columns, referencedColumns, entityMetadata, referencedEntityMetadata } = foreignKey;
    const escape = (name: string): string => this.dataSource.driver.escape(name);
    const refers = columns.map(
      (column, n) => `c.${escape(column.databaseName)} = t.${escape(referencedColumns[n].databaseName)}`,
    );
    const child = tableName(this.dataSource, entityMetadata);
    const from = `${this.dialect.sql.leadingJoin} ${child} c ON ${refers.join(' AND ')}${lock}`;
    return this.keys.select(queryRunner, referencedEntityMetadata, keys, {
      table: entityMetadata,
      alias: 'c',
      from,
    });
  }

  private planOf(metadata: EntityMetadata): AuditPlan | undefined {
    return auditPlansOf(this.dataSource).find(metadata);
  }
}

function unseen(seen: Map<string, Set<string>>, { tablePath }: EntityMetadata, keys: readonly Key[]): Key[] {
  const known = seen.get(tablePath) ?? new Set();
  seen.set(tablePath, known);
  return keys.filter((key) => {
    const text = keyText(key);
    return !known.has(text) && known.add(text);
  });
}
