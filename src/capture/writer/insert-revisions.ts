import { type QueryRunner } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { compileStatement } from '../../dialect/run/statement.js';
import { newId } from '../../revision/clock.js';
import { type KeyReader } from '../rows/key-reader.js';
import { boundChunks, keyParameters, soleKey } from '../../dialect/keys/key-text.js';
import { insertChangeset, needsChangeset, noteWritten } from './changesets.js';
import { type Recordable, valuesOf } from './table-write.js';
import { type Newest, type Recording, type RevisionSql } from './revision-sql.js';
import { recordAll, recordMany, recordOne, recordPlaced } from './revision-statements.js';
import { type TableStatements } from './table-statements.js';

/** An INSERT of revisions. */
interface RevisionInsert {
  /** The cache key among the table's statements. */
  readonly kind: string;
  /** Whether connections keep it prepared, because it runs often and one plan serves all values. */
  readonly isPrepared?: boolean;
  readonly text: (sql: RevisionSql) => string;
}

/** Inserts revisions: one INSERT … SELECT for the rows of one table and one operation. */
export class RevisionInserts {
  constructor(
    private readonly statements: TableStatements,
    private readonly keyReader: KeyReader,
    private readonly dialect: Dialect,
  ) {}

  /**
   * @param newest whether the INSERT looks for the newest revisions itself, or there are none
   * @param isSkipped whether to skip rows whose version is taken; otherwise the INSERT fails on them
   * @returns the number of revisions
   */
  async insert(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: Keys,
    newest: 'sought' | 'none',
    isSkipped = false,
  ): Promise<number> {
    const recording = recordingOf(recordable, newest);
    const kind = `${kindOf(recording)}${isSkipped ? ' skipped' : ''}`;
    const key = soleKey(keys);
    if (key)
      return this.insertOne(queryRunner, recordable, key, {
        kind,
        isPrepared: true,
        text: (sql) => recordOne(sql, recording, isSkipped),
      });
    const table = await this.keyReader.table(queryRunner, recordable.plan.metadata);
    const insert = {
      kind: `${kind} many`,
      text: (sql: RevisionSql) => recordMany(sql, recording, table, isSkipped),
    };
    let written = 0;
    for (const bound of boundChunks(table, keys)) {
      const values = { ...valuesOf(recordable), ...bound, ...uuidSeries() };
      written += await this.run(queryRunner, recordable, insert, values);
    }
    return written;
  }

  /** Inserts the first versions of new rows, read by their physical places (ctid). Skips versions that are taken. */
  async insertPlaced(
    queryRunner: QueryRunner,
    recordable: Recordable,
    places: readonly string[],
  ): Promise<number> {
    const recording = recordingOf(recordable, 'none');
    const insert: RevisionInsert = {
      kind: `${kindOf(recording)} placed`,
      isPrepared: true,
      text: (sql) => recordPlaced(sql, recording),
    };
    return this.run(queryRunner, recordable, insert, {
      ...valuesOf(recordable),
      places,
      ...uuidSeries(),
    });
  }

  private async insertOne(
    queryRunner: QueryRunner,
    recordable: Recordable,
    key: Key,
    insert: RevisionInsert,
  ): Promise<number> {
    const values = keyParameters(key, recordable.plan.keys.length, { ...valuesOf(recordable), id: newId() });
    return this.run(queryRunner, recordable, insert, values);
  }

  /** Inserts revisions for all rows of a table that have a history and differ from it. */
  async insertAll(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const values = { ...valuesOf(recordable), ...uuidSeries() };
    return this.run(queryRunner, recordable, { kind: 'insert all', text: recordAll }, values);
  }

  /** Runs an INSERT, together with that of the changeset where the transaction has none yet. */
  private async run(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { kind, isPrepared, text }: RevisionInsert,
    values: Readonly<Record<string, unknown>>,
  ): Promise<number> {
    const { plan } = recordable;
    const { insertBoth } = this.dialect.sql;
    const both = needsChangeset(recordable) ? insertBoth : undefined;
    const { rows, affected } = await this.statements.execute(
      queryRunner,
      {
        plan,
        kind: both ? `${kind} first` : kind,
        build: (sql) =>
          compileStatement(sql.dialect, both ? both(text(sql), insertChangeset(sql)) : text(sql), isPrepared),
      },
      values,
    );
    return both ? noteWritten(recordable, rows[0].written) : affected;
  }
}

export function recordingOf(recordable: Recordable, newest: Newest): Recording {
  const { operation } = recordable;
  return {
    rows: operation === 'delete' ? 'gone' : 'live',
    newest,
    upsert: operation === 'upsert',
    setsBlind: setsBlind(recordable),
  };
}

function setsBlind({ plan, sets }: Recordable): boolean {
  for (const [name, { blind }] of plan.gaps) if (blind.length > 0 && (sets?.has(name) ?? true)) return true;
  return false;
}

/** The cache key of a recording's statements. */
export function kindOf({ rows, newest, upsert, setsBlind }: Recording): string {
  return `insert ${rows} ${newest}${upsert ? ' upsert' : ''}${setsBlind ? ' blind' : ''}`;
}

/** A series of UUIDs v7: a prefix, and a 40-bit number below 2 ** 39 to count up from. */
export function uuidSeries(): { prefix: string; start: number } {
  return { prefix: newId().slice(0, 26), start: Math.floor(Math.random() * 2 ** 39) };
}
