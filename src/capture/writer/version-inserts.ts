import { type QueryRunner } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key, type Keys, type KeyTable } from '../../dialect/keys/key.js';
import { type KeyReader } from '../rows/key-reader.js';
import { boundChunks, isPacked, soleKey } from '../../dialect/keys/key-text.js';
import { type PrunedTables } from './pruned-tables.js';
import { noteWritten } from './changesets.js';
import { type Recordable, valuesOf } from './table-write.js';
import { kindOf, type RevisionInserts, uuidSeries } from './insert-revisions.js';
import { type RevisionSql } from './revision-sql.js';
import { type TableStatements } from './table-statements.js';
import { blockStatement, versionStatement, VersionInsert, versioningOf } from './version-insert.js';
import { lookAndRecordMany, lookMany, recordManyNext } from './version-statements.js';

/** With an old snapshot, up to this many rows are read one by one. For more, one read with gap locks is cheaper. */
const MOST_SINGLY = 100;

/** The rows whose keys one statement takes. */
interface Chunk {
  readonly table: KeyTable;
  readonly bound: Readonly<Record<string, unknown>>;
  readonly keys: () => readonly Key[];
}

/** The number of revisions inserted, and the rows whose changes an old snapshot can't decide. */
interface InsertOutcome {
  readonly written: number;
  readonly unsure: readonly Key[];
}

/**
 * Inserts revisions on databases where INSERT … SELECT takes gap locks on the revisions that it reads. Two writers with
 * such locks would deadlock.
 *
 * A plain SELECT first reads the newest revisions. Then the INSERT reads only the audited table. If the transaction's
 * snapshot is too old to show the newest revision, the next version is taken and the INSERT skips the row. From there
 * on locking reads fetch revisions one by one, which locks their index entries but no gaps.
 */
export class VersionInserts {
  private readonly one: VersionInsert;

  constructor(
    private readonly inserts: RevisionInserts,
    private readonly statements: TableStatements,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
    private readonly pruned: PrunedTables,
  ) {
    this.one = new VersionInsert(statements, dialect);
  }

  async insert(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    await this.dialect.sessions.recognise?.(queryRunner);
    if (recordable.areGenerated && !(await this.pruned.has(queryRunner, recordable.plan))) {
      const written = await this.inserts.insert(queryRunner, recordable, keys, 'none', true);
      if (written === keys.length) return written;
      // After a TRUNCATE the database generates the same keys again, so new rows may have a history.
      return written + (await this.insertNext(queryRunner, recordable, keys));
    }
    return this.insertNext(queryRunner, recordable, keys);
  }

  private insertNext(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    const key = soleKey(keys);
    if (key) return this.one.insert(queryRunner, recordable, key);
    const isHidden = (each: Key): boolean => recordable.newest?.of(recordable.plan, each)?.isHidden ?? false;
    return isPacked(keys) || !keys.some(isHidden)
      ? this.insertMany(queryRunner, recordable, keys)
      : this.insertHidden(queryRunner, recordable, keys, isHidden);
  }

  // A row whose newest revision the snapshot doesn't show gets its revision alone.
  private async insertHidden(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: readonly Key[],
    isHidden: (key: Key) => boolean,
  ): Promise<number> {
    const shown = keys.filter((key) => !isHidden(key));
    let written = shown.length > 0 ? await this.insertNext(queryRunner, recordable, shown) : 0;
    for (const key of keys.filter(isHidden)) written += await this.one.insert(queryRunner, recordable, key);
    return written;
  }

  private async insertMany(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    const table = await this.keyReader.table(queryRunner, recordable.plan.metadata);
    const unsure: Key[] = [];
    let written = 0;
    let at = 0;
    for (const bound of boundChunks(table, keys)) {
      const start = at;
      const chunk: Chunk = {
        table,
        bound,
        keys: () =>
          isPacked(keys)
            ? (JSON.parse(bound.keys as string) as Key[])
            : keys.slice(start, start + table.limit),
      };
      const done = this.dialect.sql.blocks
        ? await this.manyInBlock(queryRunner, recordable, chunk)
        : await this.manyInSteps(queryRunner, recordable, chunk);
      written += done.written;
      unsure.push(...done.unsure);
      at += table.limit;
    }
    return written + (await this.insertUnsure(queryRunner, recordable, unsure));
  }

  // Reads one by one take no gap locks. For too many rows the INSERT itself looks, in spite of its gap locks.
  private async insertUnsure(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: readonly Key[],
  ): Promise<number> {
    if (keys.length > MOST_SINGLY) return this.inserts.insert(queryRunner, recordable, keys, 'sought');
    let written = 0;
    for (const key of keys) written += await this.one.insert(queryRunner, recordable, key);
    return written;
  }

  private async manyInBlock(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { table, bound, keys }: Chunk,
  ): Promise<InsertOutcome> {
    const block = blockStatement('block many', recordable, (sql, versioning) =>
      lookAndRecordMany(sql, versioning, table),
    );
    const values = { ...valuesOf(recordable), ...bound, ...uuidSeries() };
    const [{ written, sought, same }] = (await this.statements.execute(queryRunner, block, values)).rows;
    noteWritten(recordable, written);
    const isTaken = Number(written) < Number(sought);
    return {
      written: Number(written),
      unsure: this.unsure(recordable, isTaken, JSON.parse(same as string) as number[], keys),
    };
  }

  private async manyInSteps(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { table, bound, keys }: Chunk,
  ): Promise<InsertOutcome> {
    const { recording } = versioningOf(recordable);
    const { plan } = recordable;
    const look = {
      plan,
      kind: `look many ${kindOf(recording)}`,
      build: (sql: RevisionSql) => lookMany(sql, recording, table),
    };
    const chunks = (await this.statements.execute(queryRunner, look, { ...valuesOf(recordable), ...bound }))
      .rows;
    const news = chunks.find((row) => Number(row.audit_chunk) === 1);
    const same = chunks.find((row) => Number(row.audit_chunk) === 0);
    let written = 0;
    if (news) {
      const next = versionStatement('next many', recordable, (sql, versioning) =>
        recordManyNext(sql, versioning, table),
      );
      const values = { ...valuesOf(recordable), keys: news.audit_keys, ...uuidSeries() };
      written = (await this.statements.execute(queryRunner, next, values)).affected;
    }
    const isTaken = news !== undefined && written < Number(news.audit_count);
    return { written, unsure: this.unsure(recordable, isTaken, numbersIn(same?.audit_numbers), keys) };
  }

  private unsure(
    recordable: Recordable,
    isTaken: boolean,
    same: readonly number[],
    keysOf: () => readonly Key[],
  ): readonly Key[] {
    if (!versioningOf(recordable).mayBeTaken) return [];
    // The database doesn't tell which rows it skipped. For the rest a second look finds no changes.
    if (isTaken) return keysOf();
    if (same.length === 0 || recordable.haveChanged === false) return [];
    const keys = keysOf();
    return same.map((n) => keys[n]);
  }
}

// Some drivers parse JSON, others return its text.
function numbersIn(given: unknown): number[] {
  return (typeof given === 'string' ? JSON.parse(given) : (given ?? [])) as number[];
}
