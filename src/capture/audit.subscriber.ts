import {
  type DataSource,
  type EntityMetadata,
  type EntitySubscriberInterface,
  type InsertEvent,
  type ObjectLiteral,
  type QueryRunner,
  type RecoverEvent,
  type RemoveEvent,
  type SoftRemoveEvent,
  type TransactionCommitEvent,
  type TransactionRollbackEvent,
  type TransactionStartEvent,
  type UpdateEvent,
} from 'typeorm';
import { AuditError, RevisionDeleteForbiddenError, RevisionUpdateForbiddenError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { type AuditContext } from '../context/audit-context.js';
import { pendingContext } from '../context/write-context.js';
import { type Key } from '../dialect/dialect.js';
import { type AuditOperation } from '../revision/revision-columns.js';
import { RevisionBuffer } from './revision-buffer.js';
import { RevisionWriter } from './revision-writer.js';

/**
 * Hears what TypeORM's persistence does to audited entities, and keeps revisions from being changed.
 *
 * Writes of query builders raise the same events, but with nothing that names a row: those are passed over here.
 */
export class AuditSubscriber implements EntitySubscriberInterface {
  private readonly writer: RevisionWriter;
  private readonly buffers = new WeakMap<QueryRunner, RevisionBuffer>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly options: AuditOptions,
    private readonly context: AuditContext,
  ) {
    this.writer = new RevisionWriter(dataSource);
  }

  afterInsert(event: InsertEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.record('insert', event, event.entityId);
  }

  afterUpdate(event: UpdateEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.record('update', event, event.databaseEntity);
  }

  afterSoftRemove(event: SoftRemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.record('soft-delete', event, event.databaseEntity ?? event.entityId);
  }

  afterRecover(event: RecoverEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.record('restore', event, event.databaseEntity ?? event.entityId);
  }

  afterRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    // An entity that the database didn't have was not removed.
    if (event.entity && !event.databaseEntity) return undefined;
    return this.record('delete', event, event.entityId);
  }

  beforeUpdate({ metadata }: UpdateEvent<ObjectLiteral>): void {
    this.forbid(metadata, RevisionUpdateForbiddenError);
  }

  beforeSoftRemove({ metadata }: SoftRemoveEvent<ObjectLiteral>): void {
    this.forbid(metadata, RevisionDeleteForbiddenError);
  }

  beforeRecover({ metadata }: RecoverEvent<ObjectLiteral>): void {
    this.forbid(metadata, RevisionUpdateForbiddenError);
  }

  beforeRemove({ metadata }: RemoveEvent<ObjectLiteral>): void {
    this.forbid(metadata, RevisionDeleteForbiddenError);
  }

  afterTransactionStart({ queryRunner }: TransactionStartEvent): void {
    this.bufferOf(queryRunner).transactionStarted();
  }

  beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    this.bufferOf(queryRunner).transactionCommits();
  }

  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    this.bufferOf(queryRunner).transactionEnded();
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    this.bufferOf(queryRunner).transactionEnded();
  }

  private record(
    operation: AuditOperation,
    event: { metadata: EntityMetadata; queryRunner: QueryRunner; entity?: ObjectLiteral },
    id: unknown,
  ): Promise<void> | undefined {
    const plan = auditPlansOf(this.dataSource).find(event.metadata);
    if (!plan || id === undefined || id === null) return undefined;
    const context = pendingContext(this.context);
    if (context.state?.recording === false) return undefined;
    const write = { plan, operation, key: this.keyOf(plan, id), entity: event.entity };
    return this.bufferOf(event.queryRunner).add(write, context);
  }

  // An id is a scalar for a single key column, else an object of the shape of the entity.
  private keyOf(plan: AuditPlan, id: unknown): Key {
    return plan.keys.map(({ source }) => {
      const isEntityLike = typeof id === 'object' && !(id instanceof Date) && !ArrayBuffer.isView(id);
      const value: unknown = isEntityLike ? source.getEntityValue(id as ObjectLiteral) : id;
      if (value === undefined || value === null)
        throw new AuditError(
          `A write to ${plan.metadata.name} can't be recorded: its ${source.propertyPath} is not known after the write.`,
        );
      return this.dataSource.driver.preparePersistentValue(value, source) as unknown;
    });
  }

  private bufferOf(queryRunner: QueryRunner): RevisionBuffer {
    let buffer = this.buffers.get(queryRunner);
    if (!buffer) {
      buffer = new RevisionBuffer(queryRunner, this.writer, this.options);
      this.buffers.set(queryRunner, buffer);
    }
    return buffer;
  }

  private forbid(metadata: EntityMetadata, error: new (revision: string) => AuditError): void {
    if (auditPlansOf(this.dataSource).isRevision(metadata)) throw new error(metadata.name);
  }
}
