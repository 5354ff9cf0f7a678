import {
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
import {
  type AuditError,
  RevisionDeleteForbiddenError,
  RevisionUpdateForbiddenError,
  TransactionRequiredError,
} from '../audit.errors.js';
import { assertOfThePresent } from '../revision/historic-entities.js';
import { type AuditOperation } from '../revision/revision-columns.js';
import { type Capture } from './capture.js';
import { hookedFlush } from './recorded-flush.js';
import { type Write } from './revision-buffer.js';

interface WriteEvent {
  metadata: EntityMetadata;
  queryRunner: QueryRunner;
  entity?: ObjectLiteral;
}

/**
 * Hears what TypeORM's persistence does to audited entities, and keeps revisions from being changed.
 *
 * Events that name no row are passed over: query builders raise them, and the persistence layer for some rows. The
 * audited builders know the rows of both.
 */
export class AuditSubscriber implements EntitySubscriberInterface {
  constructor(private readonly capture: Capture) {}

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
    const wasThere = event.databaseEntity ?? !event.entity;
    return this.record('delete', event, wasThere ? event.entityId : undefined);
  }

  beforeInsert(event: InsertEvent<ObjectLiteral>): void {
    this.assertWritable(event);
  }

  beforeUpdate(event: UpdateEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionUpdateForbiddenError);
    this.assertWritable(event);
  }

  beforeSoftRemove(event: SoftRemoveEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionDeleteForbiddenError);
    this.assertWritable(event);
  }

  beforeRecover(event: RecoverEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionUpdateForbiddenError);
    this.assertWritable(event);
  }

  beforeRemove(event: RemoveEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionDeleteForbiddenError);
    this.assertWritable(event);
  }

  afterTransactionStart({ queryRunner }: TransactionStartEvent): void {
    this.capture.bufferOf(queryRunner).transactionStarted();
  }

  beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    this.capture.bufferOf(queryRunner).transactionCommits();
  }

  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    this.capture.bufferOf(queryRunner).transactionEnded();
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    this.capture.bufferOf(queryRunner).transactionEnded();
  }

  private record(
    operation: AuditOperation,
    { metadata, queryRunner, entity }: WriteEvent,
    id: unknown,
  ): Promise<void> | undefined {
    if (id === undefined || id === null) return undefined;
    const plan = this.capture.plans.find(metadata);
    const pending = plan && this.capture.pending();
    if (!pending) return undefined;
    const write: Write = { plan, operation, keys: [this.capture.keyOf(plan, id)], entities: [entity] };
    const flush = hookedFlush();
    if (!flush) return this.capture.bufferOf(queryRunner).record([write], pending);
    flush.addNamed(write);
    return undefined;
  }

  private assertWritable(event: WriteEvent): void {
    // A builder's event has what it is to write: values, or an instance that they come from.
    assertOfThePresent(this.capture.dataSource, event.metadata.name, event.entity);
    this.assertTransaction(event);
  }

  // Builders open a transaction before their events, so one that comes without is save(…, { transaction: false }).
  private assertTransaction({ metadata, queryRunner }: WriteEvent): void {
    if (queryRunner.isTransactionActive || !this.capture.plans.find(metadata) || !this.capture.pending())
      return;
    throw new TransactionRequiredError(metadata.name);
  }

  private forbid(metadata: EntityMetadata, error: new (revision: string) => AuditError): void {
    if (this.capture.plans.isRevision(metadata)) throw new error(metadata.name);
  }
}
