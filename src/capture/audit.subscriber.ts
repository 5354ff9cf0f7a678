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
import { type AuditOperation } from '../revision/revision-columns.js';
import { type Capture, tableOf } from './capture.js';
import { type Write } from './revision-buffer.js';

interface WriteEvent {
  metadata: EntityMetadata;
  queryRunner: QueryRunner;
  entity?: ObjectLiteral;
}

/**
 * Hears what TypeORM's persistence does to audited entities, and keeps revisions from being changed.
 *
 * Query builders raise the same events, but with nothing that names a row: theirs are passed over here, and the
 * audited builders record them.
 */
export class AuditSubscriber implements EntitySubscriberInterface {
  constructor(private readonly capture: Capture) {}

  afterInsert(event: InsertEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.record('insert', event, event.entityId, true);
  }

  afterUpdate(event: UpdateEvent<ObjectLiteral>): Promise<void> | undefined {
    // With neither, it is a child that was dropped from a one-to-many; a builder's event has only the values.
    return this.record('update', event, event.databaseEntity, !event.entity);
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
    this.assertTransaction(event);
  }

  beforeUpdate(event: UpdateEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionUpdateForbiddenError);
    this.assertTransaction(event);
  }

  beforeSoftRemove(event: SoftRemoveEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionDeleteForbiddenError);
    this.assertTransaction(event);
  }

  beforeRecover(event: RecoverEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionUpdateForbiddenError);
    this.assertTransaction(event);
  }

  beforeRemove(event: RemoveEvent<ObjectLiteral>): void {
    this.forbid(event.metadata, RevisionDeleteForbiddenError);
    this.assertTransaction(event);
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
    mayBeClaimed = false,
  ): Promise<void> | undefined {
    const isNamed = id !== undefined && id !== null;
    if (!isNamed && !mayBeClaimed && operation !== 'delete') return undefined;
    const pending = this.capture.pending();
    if (!pending) return undefined;
    const table = tableOf(metadata);
    const plan = this.capture.plans.find(table);
    const buffer = this.capture.bufferOf(queryRunner);
    const writes: Write[] = [];
    if (plan && isNamed)
      writes.push({ plan, operation, keys: [this.capture.keyOf(plan, id)], entities: [entity] });
    // The persistence layer shifts the bounds of other rows with statements that only the database knows.
    if (plan && isNamed && table.treeType === 'nested-set') writes.push({ plan, operation: 'update', keys: 'all' });
    writes.push(...buffer.claimed(table));
    if (writes.length === 0) return undefined;
    return writes.map((write) => buffer.add(write, pending))[0];
  }

  // Builders open a transaction before their events, so one that comes without is save(…, { transaction: false }).
  private assertTransaction({ metadata, queryRunner }: WriteEvent): void {
    if (queryRunner.isTransactionActive || !this.capture.plans.find(metadata) || !this.capture.pending()) return;
    throw new TransactionRequiredError(metadata.name);
  }

  private forbid(metadata: EntityMetadata, error: new (revision: string) => AuditError): void {
    if (this.capture.plans.isRevision(metadata)) throw new error(metadata.name);
  }
}
