import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { type KeyReader } from '../rows/key-reader.js';
import { addChangeset, addFurtherChangeset, needsChangeset } from './changesets.js';
import { isPending } from '../tables/pending-tables.js';
import { PrunedTables } from './pruned-tables.js';
import { type Recordable, type RecordableWrite } from './table-write.js';
import { RevisionIds } from './revision-ids.js';
import { RevisionInserts } from './insert-revisions.js';
import { type ContextColumns, contextColumns, contextValues } from './context-columns.js';
import { TableStatements } from './table-statements.js';
import { VersionInserts } from './version-inserts.js';

/**
 * Writes revisions: one INSERT … SELECT for a table and operation, which copies the rows inside the database. A row
 * that equals its newest revision gets no new one.
 */
export class RevisionWriter {
  private readonly statements: TableStatements;
  private readonly inserts: RevisionInserts;
  /** Undefined if an INSERT may look for the newest revisions itself. */
  private readonly versionInserts: VersionInserts | undefined;
  private readonly ids: RevisionIds;
  private readonly pruned: PrunedTables;

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
    keyReader: KeyReader,
  ) {
    const statements = (this.statements = new TableStatements(dataSource, dialect));
    this.inserts = new RevisionInserts(statements, keyReader, dialect);
    this.ids = new RevisionIds(statements, keyReader);
    this.pruned = new PrunedTables(dataSource);
    if (dialect.locks.locksGaps)
      this.versionInserts = new VersionInserts(this.inserts, statements, dialect, keyReader, this.pruned);
  }

  /** @returns the number of revisions; @throws AuditContextError */
  record(queryRunner: QueryRunner, write: RecordableWrite): Promise<number> {
    return this.write(queryRunner, write, (recordable) => this.insert(queryRunner, recordable));
  }

  /** Records rows that were found to have no history. Skips those that have one by now, without a look. */
  recordFirst(queryRunner: QueryRunner, write: RecordableWrite & { readonly keys: Keys }): Promise<number> {
    return this.write(queryRunner, write, async (recordable) => {
      await this.dialect.sessions.recognise?.(queryRunner);
      return this.inserts.insert(queryRunner, recordable, write.keys, 'none', true);
    });
  }

  private async write(
    queryRunner: QueryRunner,
    write: RecordableWrite,
    insert: (recordable: Recordable) => Promise<number>,
  ): Promise<number> {
    const { operation, plan } = write;
    const changesets = auditPlansOf(this.dataSource).own!.changeset;
    const columns = (): ContextColumns => contextColumns(plan.revision, changesets);
    const stored = contextValues(this.dialect, queryRunner, write, columns);
    const pending = isPending(queryRunner, changesets);
    const recordable = {
      ...write,
      ...(stored instanceof Promise ? await stored : stored),
      changeset: pending && (await pending) ? undefined : write.changeset,
    };
    const written = await insert(recordable);
    if (written > 0 && needsChangeset(recordable))
      await addChangeset(this.statements, queryRunner, recordable);
    if (plan.revisionId && operation !== 'delete') await this.ids.update(queryRunner, recordable);
    return written;
  }

  /**
   * Inserts the changeset of revisions that were written without.
   *
   * @param further the number of a further context, see `addFurtherChangeset()`
   * @throws AuditContextError
   */
  async addChangeset(
    queryRunner: QueryRunner,
    write: Pick<RecordableWrite, 'plan' | 'transaction' | 'changeset' | keyof WriteContext>,
    further?: number,
  ): Promise<void> {
    const changesets = auditPlansOf(this.dataSource).own!.changeset;
    if (await isPending(queryRunner, changesets)) return;
    const columns = (): ContextColumns => contextColumns(write.plan.revision, changesets);
    const stored = await contextValues(this.dialect, queryRunner, write, columns);
    const recordable = { ...write, ...stored, operation: 'baseline' as const, keys: [] };
    if (further === undefined) await addChangeset(this.statements, queryRunner, recordable);
    else await addFurtherChangeset(this.statements, queryRunner, recordable, further);
  }

  /** The `@RevisionId()` of rows, in the order of their keys. */
  revisionIds(queryRunner: QueryRunner, plan: AuditPlan, keys: readonly Key[]): Promise<(string | null)[]> {
    return this.ids.read(queryRunner, plan, keys);
  }

  private async insert(queryRunner: QueryRunner, recordable: Recordable): Promise<number> {
    const { keys } = recordable;
    if (keys === 'all') {
      await this.dialect.sessions.recognise?.(queryRunner);
      return this.inserts.insertAll(queryRunner, recordable);
    }
    if (this.versionInserts) return this.versionInserts.insert(queryRunner, recordable, keys);
    return recordable.isSerializable && recordable.operation === 'insert'
      ? this.insertFirst(queryRunner, recordable, keys)
      : this.inserts.insert(queryRunner, recordable, keys, 'sought');
  }

  // Looking for the history of a new key, or for its row, reads the index range where other transactions insert. Under
  // SERIALIZABLE one of them would fail for it. So first versions are inserted without a look.
  private async insertFirst(queryRunner: QueryRunner, recordable: Recordable, keys: Keys): Promise<number> {
    const sought = (): Promise<number> => this.inserts.insert(queryRunner, recordable, keys, 'sought');
    if (await this.pruned.has(queryRunner, recordable.plan)) return sought();
    const { places } = recordable;
    const written = await (places
      ? this.inserts.insertPlaced(queryRunner, recordable, places)
      : this.inserts.insert(queryRunner, recordable, keys, 'none', true));
    // The remaining rows have a history, or a trigger has moved them elsewhere.
    return written < keys.length ? written + (await sought()) : written;
  }
}
