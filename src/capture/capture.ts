import { type DataSource, type EntityMetadata, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { AuditError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type AuditPlans, auditPlansOf } from '../audited/audit-plans.js';
import { type AuditContext } from '../context/audit-context.js';
import { type PendingContext, pendingContext } from '../context/write-context.js';
import { type Dialect, type Key } from '../dialect/dialect.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { Cascades } from './cascades.js';
import { KeyReader } from './key-reader.js';
import { RevisionBuffer } from './revision-buffer.js';
import { RevisionWriter } from './revision-writer.js';
import { TransactionGate } from './transaction-gate.js';

const CAPTURE = Symbol.for('nestjs-typeorm-audit:capture');
const BUFFER = Symbol('buffer');

/** What the subscriber and the query builders of one data source share. */
export class Capture {
  readonly dialect: Dialect;
  readonly keys: KeyReader;
  readonly writer: RevisionWriter;
  readonly cascades: Cascades;
  readonly gate: TransactionGate;

  constructor(
    readonly dataSource: DataSource,
    private readonly options: AuditOptions,
    private readonly context: AuditContext,
  ) {
    this.dialect = dialectOf(dataSource);
    this.keys = new KeyReader(dataSource, this.dialect);
    this.writer = new RevisionWriter(dataSource, this.dialect, this.keys);
    this.cascades = new Cascades(dataSource, this.dialect, this.keys);
    this.gate = new TransactionGate(this.dialect.sharesConnection);
  }

  // Asked each time: a data source that is initialised again has other plans.
  get plans(): AuditPlans {
    return auditPlansOf(this.dataSource);
  }

  /** What the code that runs now writes under; undefined inside `AuditContext.without()`. */
  pending(): PendingContext | undefined {
    return this.isRecording ? pendingContext(this.context) : undefined;
  }

  /** Whether the code that runs now is not inside `AuditContext.without()`. */
  get isRecording(): boolean {
    return this.context.state()?.recording !== false;
  }

  bufferOf(queryRunner: QueryRunner): RevisionBuffer {
    const owner = queryRunner as QueryRunner & { [BUFFER]?: { capture: Capture; buffer: RevisionBuffer } };
    // SQLite's query runner outlives what was attached before.
    if (owner[BUFFER]?.capture !== this)
      owner[BUFFER] = { capture: this, buffer: new RevisionBuffer(queryRunner, this.writer, this.options) };
    return owner[BUFFER].buffer;
  }

  /** The key as the driver sends it. An id is a scalar for a single key column, else of the shape of the entity. */
  keyOf(plan: AuditPlan, id: unknown): Key {
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
}

/** The capture that is attached to a data source, if one is. */
export function captureOf(dataSource: DataSource): Capture | undefined {
  return (dataSource as { [CAPTURE]?: Capture })[CAPTURE];
}

export function setCapture(dataSource: DataSource, capture: Capture | undefined): void {
  (dataSource as { [CAPTURE]?: Capture })[CAPTURE] = capture;
}

/** The root of a single-table inheritance, or the table's own metadata. */
export function tableOf(metadata: EntityMetadata): EntityMetadata {
  return metadata.tableType === 'entity-child' ? metadata.parentEntityMetadata : metadata;
}
