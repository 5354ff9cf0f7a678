import { type QueryRunner } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key, type Keys, type KeyTable } from '../../dialect/keys/key.js';
import { type KeyReader } from '../rows/key-reader.js';
import { boundChunks, isPacked, soleKey } from '../../dialect/keys/key-text.js';
import { type PrunedTables } from './pruned-tables.js';
import { type Recordable } from './table-write.js';
import { type RevisionInserts, uuidSeries, valuesOf } from './insert-revisions.js';
import { type RevisionSql } from './revision-sql.js';
import { type TableStatements } from './table-statements.js';
import { versioned, VersionedInsert, versioningOf } from './version-insert.js';
import { lookAndRecordMany, lookMany, recordManyNext } from './version-statements.js';

/** How many rows are looked at one by one when their snapshot is too old, before a look that locks gaps is cheaper. */
const MOST_SINGLY = 100;

/** Rows of which a statement takes the keys. */
interface Chunk {
  readonly table: KeyTable;
  readonly bound: Readonly<Record<string, unknown>>;
  readonly keys: () => readonly Key[];
}

/** What came of many rows: how many revisions, and the rows of which a snapshot can't tell whether they have news. */
interface Written {
  readonly written: number;
  readonly unsure: readonly Key[];
}

/**
 * Inserts revisions where whatever an INSERT reads of other revisions locks the gap beside it, so that others that
 * insert there would wait for us and we for them.
 *
 * The newest revisions are read first by a plain SELECT, and the INSERT reads the audited table alone. The transaction's
 * snapshot may be too old to show the newest one: then its version is taken, and the INSERT leaves the row out. From
 * there on revisions are read one after another as they are now, which locks no more than their own records.
 */
export class VersionedInserts {
  private readonly one: VersionedInsert;

  constructor(
    private readonly inserts: RevisionInserts,
    private readonly statements: TableStatements,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
    private readonly pruned: PrunedTables,
  ) {
    this.one = new VersionedInsert(statements, dialect);
  }

  async insert(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    await this.dialect.sessions.recognise?.(queryRunner);
    if (recordable.areGenerated && !(await this.pruned.has(queryRunner, recordable.plan))) {
      const written = await this.inserts.insert(queryRunner, recordable, keys, 'none', true);
      if (written === keys.length) return written;
      // A table that was emptied by TRUNCATE numbers its rows anew.
      return written + (await this.insertNext(queryRunner, recordable, keys));
    }
    return this.insertNext(queryRunner, recordable, keys);
  }

  private insertNext(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    const key = soleKey(keys);
    return key
      ? this.one.insert(queryRunner, recordable, key)
      : this.insertMany(queryRunner, recordable, keys);
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

  // One by one they lock no gap. So many that this would take too long are looked at by the INSERT itself, which does.
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
  ): Promise<Written> {
    const block = versioned('block many', recordable, (sql, versioning) =>
      lookAndRecordMany(sql, versioning, table),
    );
    const values = { ...valuesOf(recordable), ...bound, ...uuidSeries() };
    const [{ written, sought, same }] = (await this.statements.execute(queryRunner, block, values)).rows;
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
  ): Promise<Written> {
    const { recording } = versioningOf(recordable);
    const { plan } = recordable;
    const look = {
      plan,
      kind: `look many ${recording.rows}`,
      build: (sql: RevisionSql) => lookMany(sql, recording, table),
    };
    const chunks = (await this.statements.execute(queryRunner, look, { ...valuesOf(recordable), ...bound }))
      .rows;
    const news = chunks.find((row) => Number(row.audit_chunk) === 1);
    const same = chunks.find((row) => Number(row.audit_chunk) === 0);
    let written = 0;
    if (news) {
      const next = versioned('next many', recordable, (sql, versioning) =>
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
    // Which of them were left out isn't told, and the others have no news any more.
    if (isTaken) return keysOf();
    if (same.length === 0 || recordable.haveChanged === false) return [];
    const keys = keysOf();
    return same.map((n) => keys[n]);
  }
}

// As a value of JSON or as its text, as the driver gives it.
function numbersIn(given: unknown): number[] {
  return (typeof given === 'string' ? JSON.parse(given) : (given ?? [])) as number[];
}
