import { type QueryRunner } from 'typeorm';
import { type Dialect, type Key, type Keys } from '../dialect/dialect.js';
import { type KeyReader } from './key-reader.js';
import { boundChunks, isPacked, keyParameters, soleKey } from './keys.js';
import { type PrunedTables } from './pruned-tables.js';
import { type Recordable } from './recordable.js';
import { type RevisionInserts } from './revision-inserts.js';
import { type RevisionSql } from './revision-sql.js';
import { packVersions, selectVersion, selectVersions } from './revision-statements.js';
import { type TableStatements } from './table-statements.js';

/** Keys with their newest version behind them, and those that have none. */
interface Versions {
  readonly known: readonly Keys[];
  readonly unknown: readonly Keys[];
}

/**
 * Inserts revisions where a look at the newest one in an INSERT locks the gap beside it, so that others that insert
 * there would wait for us and we for them.
 *
 * Versions are read first, without locks, and only the records they name are read again. A new key is taken to have
 * none. If another transaction was quicker, which only a transaction that began to read long ago can meet, the unique
 * key says so, and the locking look is taken after all.
 */
export class VersionedInserts {
  constructor(
    private readonly inserts: RevisionInserts,
    private readonly statements: TableStatements,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
    private readonly pruned: PrunedTables,
  ) {}

  async insert(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    const { operation, plan } = recordable;
    const known = async (): Promise<number> => this.insertKnown(queryRunner, recordable, keys);
    // An upsert's rows may as well be old ones, whose first version is free when they were pruned.
    const isNew = operation === 'insert' && !(await this.pruned.has(queryRunner, plan));
    return this.unlessTaken(
      () =>
        isNew
          ? this.unlessTaken(() => this.inserts.insert(queryRunner, recordable, keys, 'none'), known)
          : known(),
      () => this.inserts.insert(queryRunner, recordable, keys, 'sought'),
    );
  }

  private async unlessTaken(
    insert: () => Promise<number>,
    otherwise: () => Promise<number>,
  ): Promise<number> {
    try {
      return await insert();
    } catch (error) {
      if (!this.dialect.isVersionTaken(error)) throw error;
      return otherwise();
    }
  }

  private async insertKnown(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    const key = this.dialect.readFirst && soleKey(keys);
    if (key) return this.inserts.readAndInsert(queryRunner, recordable, key);
    const { known, unknown } = await this.versions(queryRunner, recordable, keys);
    let written = 0;
    for (const some of known) written += await this.inserts.insert(queryRunner, recordable, some, 'known');
    for (const some of unknown) written += await this.inserts.insert(queryRunner, recordable, some, 'none');
    return written;
  }

  private async versions(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<Versions> {
    const { plan } = recordable;
    const key = soleKey(keys);
    if (key) {
      const statement = { plan, kind: 'version', build: selectVersion };
      const { rows } = await this.statements.execute(queryRunner, statement, keyParameters(key, key.length));
      return versionsOf([key], [rows[0].version]);
    }
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    if (isPacked(keys)) {
      const packer = this.keyReader.packer(plan.metadata)!;
      const statement = {
        plan,
        kind: 'pack versions',
        build: (sql: RevisionSql) => packVersions(sql, table, packer),
      };
      const known: Keys[] = [];
      const unknown: Keys[] = [];
      for (const bound of boundChunks(table, keys)) {
        const { rows } = await this.statements.execute(queryRunner, statement, bound);
        for (const row of rows) (Number(row.audit_chunk) === 1 ? unknown : known).push(packer.take([row]));
      }
      return { known, unknown };
    }
    const statement = { plan, kind: 'versions', build: (sql: RevisionSql) => selectVersions(sql, table) };
    const versions: unknown[] = [];
    for (const bound of boundChunks(table, keys)) {
      const { rows } = await this.statements.execute(queryRunner, statement, bound);
      const start = versions.length;
      for (const { n, version } of rows) versions[start + Number(n)] = version;
    }
    return versionsOf(keys, versions);
  }
}

function versionsOf(keys: readonly Key[], versions: readonly unknown[]): Versions {
  const known = keys.flatMap((key, n) => (versions[n] === null ? [] : [[...key, versions[n]]]));
  const unknown = keys.filter((_, n) => versions[n] === null);
  return { known: known.length > 0 ? [known] : [], unknown: unknown.length > 0 ? [unknown] : [] };
}
