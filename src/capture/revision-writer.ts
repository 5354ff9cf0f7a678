import { type DataSource, type QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { type AuditPlan } from '../audited/audit-plan.js';
import { bindMasked } from '../audited/mask-key.js';
import { type WriteContext } from '../context/write-context.js';
import { type Dialect, type Key } from '../dialect/dialect.js';
import { type Statement } from '../dialect/statement.js';
import { type AuditOperation } from '../revision/revision-columns.js';
import { now } from './clock.js';
import { type KeyReader } from './key-reader.js';
import { PrunedTables } from './pruned-tables.js';
import { type Newest, type Recording, RevisionSql } from './revision-sql.js';
import {
  recordAll,
  recordMany,
  recordOne,
  selectRevisionIds,
  selectVersion,
  selectVersions,
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

/**
 * Writes revisions: one INSERT … SELECT for a table and operation, which copies the rows inside the database. Rows
 * that are as their newest revision has them add none.
 */
export class RevisionWriter {
  private readonly tables = new Map<AuditPlan, TableStatements>();
  private readonly pruned: PrunedTables;

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
  ) {
    this.pruned = new PrunedTables(dataSource);
  }

  /** @returns how many revisions it took */
  async record(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const { operation, plan } = recordable;
    const written = await this.write(queryRunner, recordable);
    if (plan.revisionId && operation !== 'delete') await this.updateRevisionIds(queryRunner, recordable);
    return written;
  }

  /** The `@RevisionId()` of rows, in the order of their keys. */
  async revisionIds(
    queryRunner: QueryRunner,
    plan: AuditPlan,
    keys: readonly Key[],
  ): Promise<(string | null)[]> {
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = this.statement(plan, 'ids', (sql) => selectRevisionIds(sql, table));
    const rows = await this.select<{ n: number | string; id: string }>(
      queryRunner,
      statement,
      table.bind(keys),
    );
    const ids = new Map(rows.map(({ n, id }) => [Number(n), id]));
    return keys.map((_, n) => ids.get(n) ?? null);
  }

  private write(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const { keys } = recordable;
    if (keys === 'all') return this.recordAll(queryRunner, recordable);
    if (this.dialect.locksGaps) return this.recordWithoutGaps(queryRunner, recordable, keys);
    return this.insert(queryRunner, recordable, keys, 'sought');
  }

  /**
   * Where a look at the newest revision in an INSERT locks the gap beside it, others that insert there would wait
   * for us and we for them. So versions are read first, without locks, and only the records they name are read
   * again. A new key is taken to have none. If another transaction was quicker, which only a transaction that
   * began to read long ago can meet, the unique key says so, and the locking look is taken after all.
   */
  private async recordWithoutGaps(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: readonly Key[],
  ): Promise<number> {
    try {
      // An upsert's rows may as well be old ones, whose first version is free when they were pruned.
      if (recordable.operation === 'insert' && !(await this.pruned.has(queryRunner, recordable.plan)))
        return await this.recordNew(queryRunner, recordable, keys);
      return await this.recordKnown(queryRunner, recordable, keys);
    } catch (error) {
      if (!this.dialect.isVersionTaken(error)) throw error;
      return await this.insert(queryRunner, recordable, keys, 'sought');
    }
  }

  private async recordNew(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: readonly Key[],
  ): Promise<number> {
    try {
      return await this.insert(queryRunner, recordable, keys, 'none');
    } catch (error) {
      if (!this.dialect.isVersionTaken(error)) throw error;
      return await this.recordKnown(queryRunner, recordable, keys);
    }
  }

  private async recordKnown(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: readonly Key[],
  ): Promise<number> {
    const versions = await this.versions(queryRunner, recordable.plan, keys);
    const known = keys.map((key, n) => [...key, versions[n]]).filter((_, n) => versions[n] !== null);
    const unknown = keys.filter((_, n) => versions[n] === null);
    const updated = known.length > 0 ? await this.insert(queryRunner, recordable, known, 'known') : 0;
    return updated + (unknown.length > 0 ? await this.insert(queryRunner, recordable, unknown, 'none') : 0);
  }

  private async versions(
    queryRunner: QueryRunner,
    plan: AuditPlan,
    keys: readonly Key[],
  ): Promise<(number | null)[]> {
    if (keys.length === 1) {
      const statement = this.statement(plan, 'version', selectVersion);
      const [row] = await this.select<{ version: number | null }>(
        queryRunner,
        statement,
        keyParameters(keys[0]),
      );
      return [row.version];
    }
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = this.statement(plan, 'versions', (sql) => selectVersions(sql, table));
    const versions: (number | null)[] = [];
    for (const chunk of chunks(keys, table.limit)) {
      const rows = await this.select<{ n: number | string; version: number | null }>(
        queryRunner,
        statement,
        table.bind(chunk),
      );
      const start = versions.length;
      for (const { n, version } of rows) versions[start + Number(n)] = version;
    }
    return versions;
  }

  private async insert(
    queryRunner: QueryRunner,
    recordable: Recordable,
    keys: readonly Key[],
    newest: Newest,
  ): Promise<number> {
    const { plan, operation } = recordable;
    const recording: Recording = {
      rows: operation === 'delete' ? 'gone' : 'live',
      newest,
      upsert: operation === 'upsert',
    };
    const kind = `${recording.rows} ${newest} ${recording.upsert ? 'upsert' : ''}`;
    if (keys.length === 1) {
      const statement = this.statement(plan, `${kind} one`, (sql) => recordOne(sql, recording));
      const key = keyParameters(keys[0], plan.keys.length);
      return this.run(queryRunner, statement, { ...valuesOf(recordable), ...key, id: v7() });
    }
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = this.statement(plan, `${kind} many`, (sql) => recordMany(sql, recording, table));
    let written = 0;
    for (const chunk of chunks(keys, table.limit))
      written += await this.run(queryRunner, statement, {
        ...valuesOf(recordable),
        ...table.bind(chunk),
        ...uuidSeries(),
      });
    return written;
  }

  private recordAll(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const statement = this.statement(recordable.plan, 'all', recordAll);
    return this.run(queryRunner, statement, { ...valuesOf(recordable), ...uuidSeries() });
  }

  private async updateRevisionIds(queryRunner: QueryRunner, { plan, keys }: Recordable): Promise<void> {
    if (keys === 'all') {
      await this.run(queryRunner, this.statement(plan, 'update all ids', updateAllRevisionIds), {});
      return;
    }
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = this.statement(plan, 'update ids', (sql) => updateRevisionIds(sql, table));
    for (const chunk of chunks(keys, table.limit)) await this.run(queryRunner, statement, table.bind(chunk));
  }

  private run(
    queryRunner: QueryRunner,
    statement: Statement,
    values: Record<string, unknown>,
  ): Promise<number> {
    return this.dialect.run(queryRunner, statement, bindMasked(this.dataSource, statement, values));
  }

  private async select<T>(
    queryRunner: QueryRunner,
    statement: Statement,
    values: Record<string, unknown>,
  ): Promise<T[]> {
    return (await queryRunner.query(statement.text, bindMasked(this.dataSource, statement, values))) as T[];
  }

  private statement(plan: AuditPlan, kind: string, build: (sql: RevisionSql) => Statement): Statement {
    let table = this.tables.get(plan);
    if (!table) {
      table = { sql: new RevisionSql(this.dataSource, this.dialect, plan), statements: new Map() };
      this.tables.set(plan, table);
    }
    let statement = table.statements.get(kind);
    if (!statement) table.statements.set(kind, (statement = build(table.sql)));
    return statement;
  }
}

interface TableStatements {
  readonly sql: RevisionSql;
  readonly statements: Map<string, Statement>;
}

function valuesOf({ operation, actor, reason, context, transaction }: Recordable): Record<string, unknown> {
  return { now: now(), operation, actor, reason, context: context && JSON.stringify(context), transaction };
}

/** `k0`, `k1`, …, and behind the key's own columns the `version`. */
function keyParameters(key: Key, length = key.length): Record<string, unknown> {
  return Object.fromEntries(key.map((value, n) => [n < length ? `k${n}` : 'version', value]));
}

/** The beginning of a UUID v7, and a number of 40 bits for its end that leaves room to count on. */
function uuidSeries(): { prefix: string; start: number } {
  return { prefix: v7().slice(0, 26), start: Math.floor(Math.random() * 2 ** 39) };
}

function chunks<T>(values: readonly T[], size: number): (readonly T[])[] {
  if (values.length <= size) return [values];
  return Array.from({ length: Math.ceil(values.length / size) }, (_, n) =>
    values.slice(n * size, (n + 1) * size),
  );
}
