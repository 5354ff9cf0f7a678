import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { REVISION_COLUMNS, type RevisionColumns } from '../../revision/revision-columns.js';
import { dateOf } from '../arguments/moment.js';
import { type Revision } from '../types/revision.js';
import { type State } from './changes.js';
import { ColumnReader, type RawRow, type RawState } from './column-reader.js';
import { keptColumn, PREVIOUS_ISDELETE, PREVIOUS_SHAPE, QUIET } from './shown-columns.js';

/** Makes revisions of one table out of result rows. */
export class RevisionReader<E extends ObjectLiteral> {
  private readonly columns: ColumnReader<E>;
  private readonly own: Readonly<Record<string, ColumnMetadata>>;

  /** @param prefix of the names that the shown columns have in a result */
  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
    private readonly prefix = '',
  ) {
    this.columns = new ColumnReader<E>(dataSource, plan, prefix);
    this.own = Object.fromEntries(
      Object.keys(REVISION_COLUMNS).map((property) => [
        property,
        plan.revision.findColumnWithPropertyName(property)!,
      ]),
    );
  }

  /** The properties that differ between versions. */
  get properties(): string[] {
    return this.columns.changeableProperties;
  }

  /** The revision in a row that includes its predecessor. */
  revision(raw: RawRow): Revision<E> {
    const isDelete = this.hydrate(raw[PREVIOUS_ISDELETE], 'revIsDelete') as boolean | null;
    const shape = shapeOf(raw[PREVIOUS_SHAPE]);
    const previous = isDelete === null ? undefined : isDelete ? null : this.columns.read(raw, 'p', shape);
    return this.make(raw, this.read(raw), previous);
  }

  /**
   * The revisions of one row from result rows without predecessors, oldest first. A revision is the predecessor of the
   * next one if their versions are consecutive. The first revision counts as having no predecessor. Not for tables with
   * quiet columns: only the database tells which of their revisions are quiet.
   */
  consecutive(rows: readonly RawRow[]): Revision<E>[] {
    let before: { revision: Revision<E>; state: RawState<E> } | undefined;
    return rows.map((raw) => {
      const state = this.read(raw);
      const isNext = before?.revision.version === this.version(raw) - 1;
      const previous = isNext && before ? (before.revision.isDelete ? null : before.state) : undefined;
      const revision = this.make(raw, state, previous);
      before = { revision, state };
      return revision;
    });
  }

  /** The entity after a revision; null if the revision deleted it. */
  entity(raw: RawRow): E | null {
    if (this.valueOf(raw, 'revIsDelete')) return null;
    const state = this.read(raw);
    return this.columns.instance(state, this.columns.values(state), this.valueOf(raw, 'revId'));
  }

  /** The state of the row after a revision; null if the revision deleted it. */
  state(raw: RawRow): State | null {
    return this.valueOf(raw, 'revIsDelete') ? null : this.columns.state(this.read(raw));
  }

  version(raw: RawRow): number {
    return Number(this.valueOf(raw, 'revVersion'));
  }

  /** @param previous the state after the predecessor; null if it deleted the row, undefined without a predecessor */
  private make(raw: RawRow, state: RawState<E>, previous: RawState<E> | null | undefined): Revision<E> {
    const id = this.valueOf(raw, 'revId');
    const isDelete = this.valueOf(raw, 'revIsDelete');
    const operation = this.valueOf(raw, 'revOperation');
    const createdAt = dateOf(this.valueOf(raw, 'revCreated'));
    const values = this.columns.values(state);
    return {
      id,
      entity: this.plan.name,
      entityId: this.columns.entityId(values),
      version: this.version(raw),
      createdAt,
      operation,
      isDelete,
      isQuiet: Number(raw[`${this.prefix}${QUIET}`] ?? 0) === 1,
      actor: this.valueOf(raw, 'revActor'),
      reason: this.valueOf(raw, 'revReason'),
      transaction: this.valueOf(raw, 'revTransaction'),
      context: this.valueOf(raw, 'revContext'),
      snapshot:
        isDelete && this.plan.deletedState === 'null' ? null : this.columns.instance(state, values, id),
      changes: this.columns.changes(
        operation,
        previous,
        isDelete ? null : state,
        values,
      ) as Revision<E>['changes'],
      ...this.dropped(raw),
    };
  }

  private dropped(raw: RawRow): Pick<Revision, 'dropped'> {
    const values = this.plan.kept
      .map((name, n) => [name, raw[`${this.prefix}${keptColumn(n)}`]] as const)
      .filter(([, value]) => value !== null && value !== undefined);
    return values.length > 0 ? { dropped: Object.fromEntries(values) } : {};
  }

  private read(raw: RawRow): RawState<E> {
    return this.columns.read(raw, 'r', shapeOf(raw[REVISION_COLUMNS.revShape]));
  }

  private valueOf<K extends keyof RevisionColumns>(raw: RawRow, property: K): RevisionColumns[K] {
    return this.hydrate(raw[REVISION_COLUMNS[property]], property) as RevisionColumns[K];
  }

  private hydrate(value: unknown, property: keyof RevisionColumns): unknown {
    return this.dataSource.driver.prepareHydratedValue(value, this.own[property]) as unknown;
  }
}

// Over several tables a driver may read an integer as text.
function shapeOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
