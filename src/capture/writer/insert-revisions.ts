import { type QueryRunner } from 'typeorm';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { newId, now } from '../../revision/clock.js';
import { type KeyReader } from '../rows/key-reader.js';
import { boundChunks, keyParameters, soleKey } from '../../dialect/keys/key-text.js';
import { type Recordable } from './table-write.js';
import { type Newest, type Recording, type RevisionSql } from './revision-sql.js';
import { recordAll, recordMany, recordOne, recordPlaced } from './revision-statements.js';
import { type TableStatement, type TableStatements } from './table-statements.js';

/** Inserts revisions: one INSERT … SELECT for the rows of a table that one operation has written. */
export class RevisionInserts {
  constructor(
    private readonly statements: TableStatements,
    private readonly keyReader: KeyReader,
  ) {}

  /**
   * @param newest whether the INSERT looks for the newest revisions itself, or there are none
   * @param isSkipped whether rows whose version is taken are left out, where the INSERT would fail
   * @returns how many revisions it took
   */
  async insert(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: Keys,
    newest: 'sought' | 'none',
    isSkipped = false,
  ): Promise<number> {
    const { plan } = recordable;
    const recording = recordingOf(recordable, newest);
    const kind = `${kindOf(recording)}${isSkipped ? ' skipped' : ''}`;
    const key = soleKey(keys);
    if (key)
      return this.insertOne(queryRunner, recordable, key, {
        plan,
        kind,
        build: (sql) => recordOne(sql, recording, isSkipped),
      });
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = {
      plan,
      kind: `${kind} many`,
      build: (sql: RevisionSql) => recordMany(sql, recording, table, isSkipped),
    };
    let written = 0;
    for (const bound of boundChunks(table, keys)) {
      const values = { ...valuesOf(recordable), ...bound, ...uuidSeries() };
      written += (await this.statements.execute(queryRunner, statement, values)).affected;
    }
    return written;
  }

  /** The same for new rows, read from the places where they are stored; a first version that is taken is left out. */
  async insertPlaced(
    queryRunner: QueryRunner,
    recordable: Recordable,
    places: readonly string[],
  ): Promise<number> {
    const recording = recordingOf(recordable, 'none');
    const statement: TableStatement = {
      plan: recordable.plan,
      kind: `${kindOf(recording)} placed`,
      build: (sql) => recordPlaced(sql, recording),
    };
    const values = { ...valuesOf(recordable), places, ...uuidSeries() };
    return (await this.statements.execute(queryRunner, statement, values)).affected;
  }

  private async insertOne(
    queryRunner: QueryRunner,
    recordable: Recordable,
    key: Key,
    statement: TableStatement,
  ): Promise<number> {
    const values = keyParameters(key, recordable.plan.keys.length, { ...valuesOf(recordable), id: newId() });
    return (await this.statements.execute(queryRunner, statement, values)).affected;
  }

  /** For all rows of a table that have a history and differ from it. */
  async insertAll(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const statement = { plan: recordable.plan, kind: 'insert all', build: recordAll };
    const values = { ...valuesOf(recordable), ...uuidSeries() };
    return (await this.statements.execute(queryRunner, statement, values)).affected;
  }
}

/** How the rows of a write are recorded. */
export function recordingOf({ operation }: Recordable, newest: Newest): Recording {
  return { rows: operation === 'delete' ? 'gone' : 'live', newest, upsert: operation === 'upsert' };
}

/** What tells statements of one recording from those of others. */
export function kindOf({ rows, newest, upsert }: Recording): string {
  return `insert ${rows} ${newest}${upsert ? ' upsert' : ''}`;
}

/** The parameters of an INSERT that are the same for all rows of a write. */
export function valuesOf({
  operation,
  actor,
  reason,
  context,
  transaction,
}: Recordable): Record<string, unknown> {
  return { now: now(), operation, actor, reason, context, transaction };
}

/** The beginning of a UUID v7, and a number of 40 bits for its end that leaves room to count on. */
export function uuidSeries(): { prefix: string; start: number } {
  return { prefix: newId().slice(0, 26), start: Math.floor(Math.random() * 2 ** 39) };
}
