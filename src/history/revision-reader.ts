import { type DataSource, type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, type PlanColumn } from '../audited/audit-plan.js';
import { REVISION_COLUMNS, type RevisionColumns } from '../revision/revision-columns.js';
import { changesOf, type State } from './changes.js';
import { entityIdOf } from './key-of.js';
import { dateOf } from './moment.js';
import { type EntityId, type Revision } from './revision.js';
import { resultColumn } from './revision-select.js';
import { changeableColumns, shownColumns } from './shown-columns.js';
import { classOf, columnsOf, instanceOf } from './snapshot.js';

/** A row that `selectRevisions` has selected. */
type Raw = Readonly<Record<string, unknown>>;

/**
 * Reads selected revisions of one table.
 *
 * It hydrates value by value with the driver, as TypeORM does, but not through revision entities: which columns a
 * row has depends on its discriminator, and a transformer need not know what to do with a deleted row's nulls.
 */
export class RevisionReader<E extends ObjectLiteral> {
  /** What changes are listed of. */
  readonly properties: readonly string[];
  private readonly columns: readonly PlanColumn[];
  /** Its place among the columns, or -1. */
  private readonly discriminator: number;
  private readonly columnNames = new Map<EntityMetadata, ReadonlySet<string>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
  ) {
    this.columns = shownColumns(plan);
    this.properties = changeableColumns(plan).map(({ propertyPath }) => propertyPath);
    this.discriminator = this.columns.findIndex(({ source }) => source === plan.metadata.discriminatorColumn);
  }

  /** A revision that was selected with its predecessor. */
  revision(raw: Raw): Revision<E> {
    const operation = this.own(raw, 'revOperation');
    const isDelete = this.own(raw, 'revIsDelete');
    return {
      id: this.own(raw, 'revId'),
      entity: this.plan.name,
      entityId: this.entityId(raw),
      version: this.version(raw),
      createdAt: dateOf(this.own(raw, 'revCreated')),
      operation,
      isDelete,
      actor: this.own(raw, 'revActor'),
      reason: this.own(raw, 'revReason'),
      transaction: this.own(raw, 'revTransaction'),
      context: this.own(raw, 'revContext'),
      snapshot: isDelete && this.plan.deletedState === 'null' ? null : this.instance(raw),
      changes: changesOf(operation, this.previous(raw), this.state(raw), this.properties),
    };
  }

  /** The entity as a revision has it, or null if that deleted it. */
  entity(raw: Raw): E | null {
    return this.own(raw, 'revIsDelete') ? null : this.instance(raw);
  }

  /** What a revision left the row with, or null if it deleted it. */
  state(raw: Raw): State | null {
    return this.own(raw, 'revIsDelete') ? null : this.recorded(raw, 'r').state;
  }

  version(raw: Raw): number {
    return this.own(raw, 'revVersion');
  }

  private entityId(raw: Raw): EntityId {
    const { values } = this.recorded(raw, 'r').state;
    return entityIdOf(this.plan.keys, ({ propertyPath }) => values[propertyPath] ?? null);
  }

  private previous(raw: Raw): State | null | undefined {
    const own = { [REVISION_COLUMNS.revIsDelete]: raw.p_isdelete };
    const isDelete = this.own(own, 'revIsDelete') as boolean | null;
    if (isDelete === null) return undefined;
    return isDelete ? null : this.recorded(raw, 'p').state;
  }

  private instance(raw: Raw): E {
    const { metadata, state } = this.recorded(raw, 'r');
    const entity = instanceOf<E>(metadata, this.columns, ({ propertyPath }) => state.values[propertyPath]);
    this.plan.revisionId?.setEntityValue(entity, this.own(raw, 'revId'));
    return entity;
  }

  private recorded(raw: Raw, alias: 'r' | 'p'): { metadata: EntityMetadata; state: State } {
    const metadata = classOf(this.plan.metadata, raw[resultColumn(alias, this.discriminator)]);
    const names = this.namesOf(metadata);
    const values: Record<string, unknown> = {};
    const nulls = new Set<string>();
    const hidden: Record<string, unknown> = {};
    this.columns.forEach((column, n) => {
      const { propertyPath } = column;
      const value = raw[resultColumn(alias, n)];
      // The transformer of another class's column isn't asked.
      const isOwn = names.has(column.databaseName);
      values[propertyPath] = isOwn ? this.hydrate(value, column) : null;
      if (!isOwn || value === null) nulls.add(propertyPath);
      else if (column.mask === 'redact') hidden[propertyPath] = value;
    });
    return { metadata, state: { values, nulls, hidden } };
  }

  private namesOf(metadata: EntityMetadata): ReadonlySet<string> {
    let names = this.columnNames.get(metadata);
    if (!names)
      this.columnNames.set(
        metadata,
        (names = new Set(columnsOf(metadata).map(({ databaseName }) => databaseName))),
      );
    return names;
  }

  private hydrate(value: unknown, { source, copy }: PlanColumn): unknown {
    // A column that was never null has a transformer that needn't take it; its copy is null where it came later.
    if (value === null && !source.isNullable) return null;
    return this.dataSource.driver.prepareHydratedValue(value, copy);
  }

  private own<K extends keyof RevisionColumns>(raw: Raw, property: K): RevisionColumns[K] {
    const column = this.plan.revision.findColumnWithPropertyName(property) as ColumnMetadata;
    return this.dataSource.driver.prepareHydratedValue(
      raw[REVISION_COLUMNS[property]],
      column,
    ) as RevisionColumns[K];
  }
}
