import { type QueryRunner } from 'typeorm';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { newId, now } from '../../revision/clock.js';
import { type KeyReader } from '../rows/key-reader.js';
import { boundChunks, keyParameters, soleKey } from '../../dialect/keys/key-text.js';
import { type Recordable } from './table-write.js';
import { type Newest, type Recording, type RevisionSql } from './revision-sql.js';
import { recordAll, recordMany, recordOne, recordPlaced } from './revision-statements.js';
import { type TableStatement, type TableStatements } from './table-statements.js';

/** Inserts revisions: one INSERT … SELECT for the rows of one table and one operation. */
export class RevisionInserts {
  constructor(
    private readonly statements: TableStatements,
    private readonly keyReader: KeyReader,
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

  /** Inserts the first versions of new rows, read by their physical places (ctid). Skips versions that are taken. */
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

  /** Inserts revisions for all rows of a table that have a history and differ from it. */
  async insertAll(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const statement = { plan: recordable.plan, kind: 'insert all', build: recordAll };
    const values = { ...valuesOf(recordable), ...uuidSeries() };
    return (await this.statements.execute(queryRunner, statement, values)).affected;
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

/** The parameters of an INSERT that all rows of a write share. */
export function valuesOf({
  operation,
  actor,
  reason,
  context,
  transaction,
}: Recordable): Record<string, unknown> {
  return { now: now(), operation, actor, reason, context, transaction };
}

/** A series of UUIDs v7: a prefix, and a 40-bit number below 2 ** 39 to count up from. */
export function uuidSeries(): { prefix: string; start: number } {
  return { prefix: newId().slice(0, 26), start: Math.floor(Math.random() * 2 ** 39) };
}
