import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { REVISION_COLUMNS, type RevisionColumns } from '../../revision/revision-columns.js';
import { changesOf, type State } from './changes.js';
import { dateOf } from '../arguments/moment.js';
import { hydrated, type Recorded, RecordedColumns } from './column-reader.js';
import { type Change, type Revision } from '../history.types.js';
import { PREVIOUS_ISDELETE, resultColumn } from './shown-columns.js';

/** A row that `selectRevisions` has selected. */
type Raw = Readonly<Record<string, unknown>>;

/** What a revision before recorded; null if it deleted the row, undefined if there is none. */
type Previous<E> = Recorded<E> | null | undefined;

/** Reads selected revisions of one table. */
export class RevisionReader<E extends ObjectLiteral> {
  private readonly columns: RecordedColumns<E>;
  private readonly own: Readonly<Record<string, ColumnMetadata>>;
  /** Where a row has the shown columns of a revision and of its predecessor. */
  private readonly names: Readonly<Record<'r' | 'p', readonly string[]>>;

  /** @param prefix that the names of the shown columns have in the result */
  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
    prefix = '',
  ) {
    const columns = (this.columns = new RecordedColumns<E>(dataSource, plan));
    const names = (alias: 'r' | 'p'): string[] =>
      Array.from({ length: columns.length }, (_, n) => `${prefix}${resultColumn(alias, n)}`);
    this.names = { r: names('r'), p: names('p') };
    this.own = Object.fromEntries(
      Object.keys(REVISION_COLUMNS).map((property) => [
        property,
        plan.revision.findColumnWithPropertyName(property)!,
      ]),
    );
  }

  /** What changes are listed of. */
  get properties(): string[] {
    return this.columns.propertiesOf(this.columns.changeable);
  }

  /** A revision that was selected with its predecessor. */
  revision(raw: Raw): Revision<E> {
    const isDelete = hydrated(this.dataSource, raw[PREVIOUS_ISDELETE], this.own.revIsDelete) as
      boolean | null;
    const previous =
      isDelete === null ? undefined : isDelete ? null : this.columns.recorded(raw, this.names.p);
    return this.read(raw, this.columns.recorded(raw, this.names.r), previous);
  }

  /**
   * Revisions of one row that were selected without their predecessors, oldest first. Each is the predecessor of the
   * next one, if the versions say so, and that of the first is taken for none.
   */
  consecutive(rows: readonly Raw[]): Revision<E>[] {
    let before: { revision: Revision<E>; recorded: Recorded<E> } | undefined;
    return rows.map((raw) => {
      const recorded = this.columns.recorded(raw, this.names.r);
      const isNext = before?.revision.version === this.version(raw) - 1;
      const previous = isNext && before ? (before.revision.isDelete ? null : before.recorded) : undefined;
      const revision = this.read(raw, recorded, previous);
      before = { revision, recorded };
      return revision;
    });
  }

  /** The entity as a revision has it, or null if that deleted it. */
  entity(raw: Raw): E | null {
    const recorded = this.left(raw);
    return recorded && this.instance(raw, recorded, this.columns.values(recorded));
  }

  /** What a revision left the row with, or null if it deleted it. */
  state(raw: Raw): State | null {
    const recorded = this.left(raw);
    return recorded && this.columns.state(recorded, this.columns.changeable);
  }

  version(raw: Raw): number {
    return this.valueOf(raw, 'revVersion');
  }

  private left(raw: Raw): Recorded<E> | null {
    return this.valueOf(raw, 'revIsDelete') ? null : this.columns.recorded(raw, this.names.r);
  }

  private read(raw: Raw, recorded: Recorded<E>, previous: Previous<E>): Revision<E> {
    const isDelete = this.valueOf(raw, 'revIsDelete');
    const operation = this.valueOf(raw, 'revOperation');
    const values = this.columns.values(recorded);
    return {
      id: this.valueOf(raw, 'revId'),
      entity: this.plan.name,
      entityId: this.columns.entityId(values),
      version: this.version(raw),
      createdAt: dateOf(this.valueOf(raw, 'revCreated')),
      operation,
      isDelete,
      actor: this.valueOf(raw, 'revActor'),
      reason: this.valueOf(raw, 'revReason'),
      transaction: this.valueOf(raw, 'revTransaction'),
      context: this.valueOf(raw, 'revContext'),
      snapshot: isDelete && this.plan.deletedState === 'null' ? null : this.instance(raw, recorded, values),
      changes: this.changes(operation, previous, isDelete ? null : recorded, values),
    };
  }

  private changes(
    operation: RevisionColumns['revOperation'],
    previous: Previous<E>,
    current: Recorded<E> | null,
    values: readonly unknown[],
  ): Change[] {
    const { changeable } = this.columns;
    // What is the same in the database needn't be hydrated to see that it is.
    const candidates =
      previous && current && operation !== 'insert'
        ? changeable.filter((n) => previous.stored[n] !== current.stored[n])
        : changeable;
    return changesOf(
      operation,
      previous && this.columns.state(previous, candidates),
      current && this.columns.state(current, candidates, values),
      this.columns.propertiesOf(candidates),
    );
  }

  private instance(raw: Raw, { rowClass }: Recorded<E>, values: readonly unknown[]): E {
    const entity = rowClass.instanceOf(values);
    this.plan.revisionId?.setEntityValue(entity, this.valueOf(raw, 'revId'));
    return entity;
  }

  private valueOf<K extends keyof RevisionColumns>(raw: Raw, property: K): RevisionColumns[K] {
    return hydrated(
      this.dataSource,
      raw[REVISION_COLUMNS[property]],
      this.own[property],
    ) as RevisionColumns[K];
  }
}
