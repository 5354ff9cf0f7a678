import { type QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { type Key, type Keys } from '../dialect/dialect.js';
import { now } from './clock.js';
import { type KeyReader } from './key-reader.js';
import { boundChunks, keyParameters, soleKey } from './keys.js';
import { type Recordable } from './recordable.js';
import { type Newest, type Recording, type RevisionSql } from './revision-sql.js';
import { readAndRecordOne, recordAll, recordMany, recordOne } from './revision-statements.js';
import { type TableStatement, type TableStatements } from './table-statements.js';

/** Inserts revisions: one INSERT … SELECT for the rows of a table that one operation has written. */
export class RevisionInserts {
  constructor(
    private readonly statements: TableStatements,
    private readonly keyReader: KeyReader,
  ) {}

  /**
   * @param keys where the newest versions are known, each with its own behind it
   * @returns how many revisions it took
   */
  async insert(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: Keys,
    newest: Newest,
  ): Promise<number> {
    const { plan } = recordable;
    const recording = recordingOf(recordable, newest);
    const kind = kindOf(recording);
    const key = soleKey(keys);
    if (key)
      return this.insertOne(queryRunner, recordable, key, {
        plan,
        kind,
        build: (sql) => recordOne(sql, recording),
      });
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = {
      plan,
      kind: `${kind} many`,
      build: (sql: RevisionSql) => recordMany(sql, recording, table),
    };
    let written = 0;
    for (const bound of boundChunks(table, keys)) {
      const values = { ...valuesOf(recordable), ...bound, ...uuidSeries() };
      written += (await this.statements.execute(queryRunner, statement, values)).affected;
    }
    return written;
  }

  /** The same for one row, whose newest version is read first, without locks, by the same statement. */
  async readAndInsert(queryRunner: QueryRunner, recordable: Recordable, key: Key): Promise<number> {
    const { plan } = recordable;
    const recording = recordingOf(recordable, 'known');
    const readAndWritten = await this.insertOne(queryRunner, recordable, key, {
      plan,
      kind: `read and ${kindOf(recording)}`,
      build: (sql) => readAndRecordOne(sql, recording),
    });
    return readAndWritten - 1;
  }

  private async insertOne(
    queryRunner: QueryRunner,
    recordable: Recordable,
    key: Key,
    statement: TableStatement,
  ): Promise<number> {
    const values = keyParameters(key, recordable.plan.keys.length, { ...valuesOf(recordable), id: v7() });
    return (await this.statements.execute(queryRunner, statement, values)).affected;
  }

  /** For all rows of a table that have a history and differ from it. */
  async insertAll(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const statement = { plan: recordable.plan, kind: 'insert all', build: recordAll };
    const values = { ...valuesOf(recordable), ...uuidSeries() };
    return (await this.statements.execute(queryRunner, statement, values)).affected;
  }
}

function recordingOf({ operation }: Recordable, newest: Newest): Recording {
  return { rows: operation === 'delete' ? 'gone' : 'live', newest, upsert: operation === 'upsert' };
}

function kindOf({ rows, newest, upsert }: Recording): string {
  return `insert ${rows} ${newest}${upsert ? ' upsert' : ''}`;
}

function valuesOf({ operation, actor, reason, context, transaction }: Recordable): Record<string, unknown> {
  return { now: now(), operation, actor, reason, context: context && JSON.stringify(context), transaction };
}

/** The beginning of a UUID v7, and a number of 40 bits for its end that leaves room to count on. */
function uuidSeries(): { prefix: string; start: number } {
  return { prefix: v7().slice(0, 26), start: Math.floor(Math.random() * 2 ** 39) };
}
