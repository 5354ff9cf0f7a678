import { type DataSource, type QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type WriteContext } from '../context/write-context.js';
import { type Dialect, type Key } from '../dialect/dialect.js';
import { bindStatement, type Statement } from '../dialect/statement.js';
import { type AuditOperation } from '../revision/revision-columns.js';
import { now } from './clock.js';
import { type KeyReader } from './key-reader.js';
import {
  type Recording,
  recordAll,
  recordMany,
  recordOne,
  selectRevisionIds,
  updateAllRevisionIds,
  updateRevisionIds,
} from './revision-statements.js';

/** An upsert records as an insert what has no history, and as an update what has. */
export type RecordedOperation = AuditOperation | 'upsert';

/** Rows of one table that one operation has written, and under which circumstances. */
export interface Recordable extends WriteContext {
  readonly plan: AuditPlan;
  readonly operation: RecordedOperation;
  /** Each once, or all rows of a table that have a history, where TypeORM changes them behind everybody's back. */
  readonly keys: readonly Key[] | 'all';
  /** The `rev_transaction`. */
  readonly transaction: string;
}

/** Writes revisions: one INSERT … SELECT for a table and operation, which copies the rows inside the database. */
export class RevisionWriter {
  private readonly statements = new Map<string, Statement>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
  ) {}

  /** Records the rows as they are now. Rows that are as their newest revision has them add none. */
  async record(queryRunner: QueryRunner, recordable: Recordable): Promise<void> {
    const { operation, plan, keys } = recordable;
    if (keys.length === 0) return;
    const isFresh = operation === 'insert' || operation === 'upsert';
    if (isFresh && !this.dialect.looksBeforeInsert) await this.recordFresh(queryRunner, recordable);
    else await this.insert(queryRunner, recordable, operation === 'delete' ? 'gone' : 'live');
    if (plan.revisionId && operation !== 'delete') await this.updateRevisionIds(queryRunner, recordable);
  }

  /** The `@RevisionId()` of rows, in the order of their keys. */
  async revisionIds(queryRunner: QueryRunner, plan: AuditPlan, keys: readonly Key[]): Promise<(string | null)[]> {
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = this.statement(plan, 'ids', () =>
      selectRevisionIds(this.dataSource, this.dialect, plan, table),
    );
    const rows = (await queryRunner.query(statement.text, bindStatement(statement, table.bind(keys)))) as {
      n: number | string;
      id: string | null;
    }[];
    const ids = new Map(rows.map(({ n, id }) => [Number(n), id]));
    return keys.map((_, n) => ids.get(n) ?? null);
  }

  private async recordFresh(queryRunner: QueryRunner, recordable: Recordable): Promise<void> {
    try {
      await this.insert(queryRunner, recordable, 'fresh');
    } catch (error) {
      if (!this.dialect.isVersionTaken(error)) throw error;
      await this.insert(queryRunner, recordable, 'live');
    }
  }

  private async insert(queryRunner: QueryRunner, recordable: Recordable, recording: Recording): Promise<void> {
    const { plan, keys, operation } = recordable;
    const upsert = operation === 'upsert';
    if (keys === 'all') {
      const statement = this.statement(plan, 'all', () => recordAll(this.dataSource, this.dialect, plan));
      await this.run(queryRunner, statement, { ...valuesOf(recordable), ...uuidSeries() });
      return;
    }
    if (keys.length === 1) {
      const statement = this.statement(plan, `${recording} one ${upsert}`, () =>
        recordOne(this.dataSource, this.dialect, plan, recording, upsert),
      );
      const key = Object.fromEntries(keys[0].map((value, n) => [`k${n}`, value]));
      await this.run(queryRunner, statement, { ...valuesOf(recordable), ...key, id: v7() });
      return;
    }
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = this.statement(plan, `${recording} ${upsert}`, () =>
      recordMany(this.dataSource, this.dialect, plan, recording, upsert, table),
    );
    for (const chunk of chunks(keys, table.limit))
      await this.run(queryRunner, statement, { ...valuesOf(recordable), ...table.bind(chunk), ...uuidSeries() });
  }

  private async updateRevisionIds(queryRunner: QueryRunner, { plan, keys }: Recordable): Promise<void> {
    if (keys === 'all') {
      const statement = this.statement(plan, 'update all ids', () =>
        updateAllRevisionIds(this.dataSource, this.dialect, plan),
      );
      await this.run(queryRunner, statement, {});
      return;
    }
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = this.statement(plan, 'update ids', () =>
      updateRevisionIds(this.dataSource, this.dialect, plan, table),
    );
    for (const chunk of chunks(keys, table.limit)) await this.run(queryRunner, statement, table.bind(chunk));
  }

  private run(queryRunner: QueryRunner, statement: Statement, values: Record<string, unknown>): Promise<number> {
    return this.dialect.run(queryRunner, statement, bindStatement(statement, values));
  }

  private statement(plan: AuditPlan, kind: string, build: () => Statement): Statement {
    const id = `${plan.metadata.tablePath} ${kind}`;
    let statement = this.statements.get(id);
    if (!statement) this.statements.set(id, (statement = build()));
    return statement;
  }
}

function valuesOf({ operation, actor, reason, context, transaction }: Recordable): Record<string, unknown> {
  return { now: now(), operation, actor, reason, context: context && JSON.stringify(context), transaction };
}

/** The beginning of a UUID v7, and a number of 40 bits for its end that leaves room to count on. */
function uuidSeries(): { prefix: string; start: number } {
  return { prefix: v7().slice(0, 26), start: Math.floor(Math.random() * 2 ** 39) };
}

function chunks<T>(values: readonly T[], size: number): (readonly T[])[] {
  if (values.length <= size) return [values];
  return Array.from({ length: Math.ceil(values.length / size) }, (_, n) => values.slice(n * size, (n + 1) * size));
}
