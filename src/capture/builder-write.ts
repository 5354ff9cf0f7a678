import { type DataSource, type EntityMetadata, type ObjectLiteral, type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js';
import { RevisionDeleteForbiddenError, RevisionUpdateForbiddenError, TransactionRequiredError } from '../audit.errors.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type PendingContext } from '../context/write-context.js';
import { type Key, type WriteKind } from '../dialect/dialect.js';
import { type Capture, captureOf, tableOf } from './capture.js';
import { type CascadedWrite } from './cascades.js';
import { insertedKeys } from './inserted-keys.js';
import { keyText } from './key-reader.js';
import { type Write } from './revision-buffer.js';
import { type RecordedOperation } from './revision-writer.js';

/** What a builder has that its subclasses may use and others may not. */
export interface BuilderInternals {
  readonly dataSource?: DataSource;
  /** TypeORM 0.3's name for it. */
  readonly connection: DataSource;
  readonly expressionMap: QueryBuilder<any>['expressionMap'];
  queryRunner?: QueryRunner;
  getTableName(path: string): string;
  getMainTableName(): string;
  getParameters(): ObjectLiteral;
  createCteExpression(): string;
  createWhereExpression(): string;
  createOrderByExpression?(): string;
  createLimitExpression?(): string;
  replacePropertyNamesForTheWholeQuery(statement: string): string;
}

/** What is known when a builder's write begins. */
interface Circumstances {
  readonly capture: Capture;
  readonly metadata: EntityMetadata;
  readonly plan: AuditPlan | undefined;
  readonly pending: PendingContext;
  /** Events of the persistence layer will follow, and say which rows it was about. */
  readonly isPersistence: boolean;
  readonly followsDelete: boolean;
  readonly followsUpdate: readonly ForeignKeyMetadata[];
}

/** What was read before the write. */
interface Before {
  readonly keys: readonly Key[] | undefined;
  /** Where the statement changes primary keys: what they will be, if that can't be returned by the write. */
  readonly newKeys: readonly Key[] | undefined;
  readonly cascaded: readonly CascadedWrite[];
}

/**
 * One query builder's write, and its revisions with it.
 *
 * TypeORM's `execute()` is left to do what it does, over a query runner that looks like the given one but for its
 * `query()`: the first statement that comes through it is the write, after the before-events have run. Around it
 * the keys of its rows are learned, from RETURNING where the database has it, else by a locking read before it.
 */
export class BuilderWrite {
  private returns: string | undefined;
  private own = '';

  constructor(
    private readonly builder: object,
    private readonly kind: WriteKind,
  ) {}

  private get internals(): BuilderInternals {
    return this.builder as BuilderInternals;
  }

  execute<T>(execute: () => Promise<T>): Promise<T> {
    const circumstances = this.circumstances();
    return circumstances ? this.executeRecorded(circumstances, execute) : execute();
  }

  /** The builder's RETURNING list, with the keys in it while a write is being recorded. */
  returning(own: string): string {
    this.own = own;
    if (!this.returns) return own;
    return own === '' ? this.returns : `${own}, ${this.returns}`;
  }

  private circumstances(): Circumstances | undefined {
    const { expressionMap, dataSource, connection } = this.internals;
    const capture = captureOf(dataSource ?? connection);
    if (!capture || !expressionMap.mainAlias?.hasMetadata) return undefined;
    const { metadata } = expressionMap.mainAlias;
    if (capture.plans.isRevision(metadata) && this.kind !== 'insert')
      throw new (this.kind === 'update' ? RevisionUpdateForbiddenError : RevisionDeleteForbiddenError)(metadata.name);
    const pending = capture.pending();
    if (!pending) return undefined;
    const plan = capture.plans.find(metadata);
    const followsDelete = this.kind === 'delete' && capture.cascades.followDeletes(tableOf(metadata));
    const followsUpdate =
      this.kind === 'update'
        ? capture.cascades.followUpdates(tableOf(metadata), changedColumns(metadata, expressionMap.valuesSet))
        : [];
    const follows = followsDelete || followsUpdate.length > 0;
    const isPersistence = expressionMap.callListeners === false;
    const isNamedByEvents = isPersistence && !this.isAnonymous();
    return follows || (plan && !isNamedByEvents)
      ? { capture, metadata, plan, pending, isPersistence, followsDelete, followsUpdate }
      : undefined;
  }

  // Of these the persistence layer's events don't name the row: a child that is dropped from a one-to-many, and an
  // insert whose generated key nobody asks for.
  private isAnonymous(): boolean {
    const { updateEntity, whereEntities } = this.internals.expressionMap;
    return this.kind === 'insert' ? !updateEntity : this.kind === 'update' && whereEntities.length === 0;
  }

  private async executeRecorded<T>(circumstances: Circumstances, execute: () => Promise<T>): Promise<T> {
    const { capture, metadata, isPersistence } = circumstances;
    const given = this.internals.queryRunner;
    const queryRunner = given ?? capture.dataSource.createQueryRunner();
    try {
      if (isPersistence && !queryRunner.isTransactionActive) throw new TransactionRequiredError(metadata.name);
      return await capture.gate.run(queryRunner, async () => {
        this.internals.queryRunner = this.observed(circumstances, queryRunner);
        return await execute();
      });
    } finally {
      this.internals.queryRunner = given;
      this.returns = undefined;
      if (!given) await queryRunner.release();
    }
  }

  private observed(circumstances: Circumstances, queryRunner: QueryRunner): QueryRunner {
    const { capture, metadata, plan } = circumstances;
    const returning = plan && !circumstances.followsDelete ? capture.dialect.returning(this.kind) : 'none';
    const keys = returning === 'none' ? '' : capture.keys.expressions(tableOf(metadata));
    if (returning === 'clause') this.returns = keys;
    let isWritten = false;
    const query = async (text: string, parameters: unknown[], structured: boolean): Promise<unknown> => {
      if (isWritten) return structured ? queryRunner.query(text, parameters, true) : queryRunner.query(text, parameters);
      isWritten = true;
      const before = await this.before(circumstances, queryRunner, returning !== 'none');
      const statement = returning === 'appended' ? `${text} RETURNING ${keys}` : text;
      const result = (await queryRunner.query(statement, parameters, true)) as QueryResult;
      const returned = returning === 'none' ? undefined : await this.takeKeys(circumstances, queryRunner, result);
      await this.record(circumstances, queryRunner, before, returned, result);
      return result;
    };
    return Object.create(queryRunner, { query: { value: query } }) as QueryRunner;
  }

  private async before(
    { capture, metadata, plan, followsDelete, followsUpdate }: Circumstances,
    queryRunner: QueryRunner,
    returns: boolean,
  ): Promise<Before> {
    if (this.kind === 'insert') return { keys: undefined, newKeys: undefined, cascaded: [] };
    const table = tableOf(metadata);
    const rekeyed = plan && this.kind === 'update' ? rekeyedColumns(table, this.internals.expressionMap.valuesSet) : [];
    if (returns && rekeyed.length === 0 && followsUpdate.length === 0)
      return { keys: undefined, newKeys: undefined, cascaded: [] };
    const rows = await this.affectedRows(capture, queryRunner, table, returns ? [] : rekeyed);
    const keys = capture.keys.keysIn(table, rows);
    const newKeys =
      rekeyed.length > 0 && !returns
        ? keys.map((key, at) =>
            key.map((value, n) => {
              const column = rekeyed.indexOf(table.primaryColumns[n]);
              return column === -1 ? value : rows[at][`audit_new_${column}`];
            }),
          )
        : undefined;
    const cascaded = followsDelete
      ? await capture.cascades.ofDelete(queryRunner, table, keys)
      : await capture.cascades.ofUpdate(queryRunner, followsUpdate, keys);
    return { keys, newKeys, cascaded };
  }

  // The rows that the statement is about to write, by its own criteria.
  private async affectedRows(
    capture: Capture,
    queryRunner: QueryRunner,
    table: EntityMetadata,
    rekeyed: readonly ColumnMetadata[],
  ): Promise<Record<string, unknown>[]> {
    const builder = this.internals;
    const { driver } = capture.dataSource;
    const parameters: ObjectLiteral = {};
    const newKeys = rekeyed.map((column, n) => {
      const value: unknown = column.getEntityValue(builder.expressionMap.valuesSet as ObjectLiteral);
      if (typeof value === 'function') return `${capture.dialect.readKey((value as () => string)(), column)} AS audit_new_${n}`;
      parameters[`audit_new_${n}`] = driver.preparePersistentValue(value, column);
      return `${capture.dialect.readKey(`:audit_new_${n}`, column)} AS audit_new_${n}`;
    });
    const order = `${builder.createOrderByExpression?.() ?? ''}${builder.createLimitExpression?.() ?? ''}`;
    const select = builder.replacePropertyNamesForTheWholeQuery(
      `${builder.createCteExpression()}SELECT ${[capture.keys.expressions(table), ...newKeys].join(', ')} ` +
        `FROM ${builder.getTableName(builder.getMainTableName())}${builder.createWhereExpression()}${order}${capture.dialect.lock()}`,
    );
    const [text, values] = driver.escapeQueryWithParameters(select, { ...builder.getParameters(), ...parameters });
    return (await queryRunner.query(text, values)) as Record<string, unknown>[];
  }

  private async takeKeys(
    { capture, metadata }: Circumstances,
    queryRunner: QueryRunner,
    result: QueryResult,
  ): Promise<Key[]> {
    const rows = result.records as Record<string, unknown>[];
    const keys = capture.keys.keysIn(tableOf(metadata), rows);
    if (this.own === '') await capture.dialect.forgetReturned(queryRunner, this.kind, result);
    else {
      const isRaw = result.raw === result.records || this.kind === 'insert';
      result.records = capture.keys.withoutKeys(rows);
      if (isRaw) result.raw = result.records;
    }
    return keys;
  }

  private async record(
    circumstances: Circumstances,
    queryRunner: QueryRunner,
    before: Before,
    returned: readonly Key[] | undefined,
    result: QueryResult,
  ): Promise<void> {
    const { capture, metadata, plan, pending, isPersistence } = circumstances;
    const own =
      plan && !(isPersistence && !this.isAnonymous())
        ? await this.ownWrites(circumstances, plan, queryRunner, before, returned, result)
        : [];
    const writes: Write[] = [...own, ...before.cascaded];
    const buffer = capture.bufferOf(queryRunner);
    if (isPersistence || this.movesTree(metadata)) buffer.claim(tableOf(metadata), writes);
    else await buffer.record(writes, pending);
  }

  private async ownWrites(
    { capture, metadata }: Circumstances,
    plan: AuditPlan,
    queryRunner: QueryRunner,
    before: Before,
    returned: readonly Key[] | undefined,
    result: QueryResult,
  ): Promise<Write[]> {
    const operation = this.operation();
    const keys =
      returned ?? before.keys ?? (await insertedKeys(capture, queryRunner, metadata, this.internals.expressionMap, result));
    const newKeys = before.newKeys ?? (before.keys && returned);
    if (!newKeys || this.kind !== 'update') return [{ plan, operation, keys }];
    // The old keys' histories end, the new ones' begin. A key that one row left and another took was updated.
    const old = new Map(before.keys!.map((key) => [keyText(key), key]));
    const next = new Map(newKeys.map((key) => [keyText(key), key]));
    const only = (map: Map<string, Key>, others: Map<string, Key>, both: boolean): Key[] =>
      [...map].filter(([text]) => others.has(text) === both).map(([, key]) => key);
    return [
      { plan, operation: 'delete', keys: only(old, next, false) },
      { plan, operation, keys: only(next, old, true) },
      { plan, operation: 'insert', keys: only(next, old, false) },
    ];
  }

  private operation(): RecordedOperation {
    const { queryType, onUpdate } = this.internals.expressionMap;
    if (this.kind === 'insert') return onUpdate ? 'upsert' : 'insert';
    return queryType as 'update' | 'delete' | 'soft-delete' | 'restore';
  }

  // TypeORM writes materialized paths with builders of their own, before the event of the entity that is saved.
  private movesTree({ materializedPathColumn, treeType }: EntityMetadata): boolean {
    const { valuesSet } = this.internals.expressionMap;
    const names = Object.keys((valuesSet as ObjectLiteral | undefined) ?? {});
    return (
      this.kind === 'update' &&
      treeType === 'materialized-path' &&
      names.length === 1 &&
      names[0] === materializedPathColumn?.propertyPath
    );
  }
}

function rekeyedColumns({ primaryColumns }: EntityMetadata, values: unknown): ColumnMetadata[] {
  const given = (values ?? {}) as ObjectLiteral;
  return primaryColumns.filter((column) => column.isUpdate && column.getEntityValue(given) !== undefined);
}

function changedColumns({ columns }: EntityMetadata, values: unknown): Set<string> {
  const given = (values ?? {}) as ObjectLiteral;
  return new Set(
    columns.filter((column) => column.getEntityValue(given) !== undefined).map((column) => column.databaseName),
  );
}
