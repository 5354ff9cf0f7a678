import { type DataSource, type ObjectLiteral, QueryFailedError } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type Statement } from '../../dialect/run/statement.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { type ClassFilter } from './class-filter.js';
import { keyOf, keyText } from '../arguments/key-of.js';
import { type Reading, readRows } from './reading.js';
import { type EntityId, type Revision } from '../history.types.js';
import { type RevisionReader, revisionReaderOf } from '../reader/revision-reader.js';
import {
  changedCondition,
  type RevisionFilter,
  selectRevisions,
  selectVersions,
  newestVersion,
} from './revision-select.js';

/** The revisions of one audited row. */
export class RowRevisions<E extends ObjectLiteral> {
  readonly reader: RevisionReader<E>;

  /**
   * @param key as the driver takes it
   * @param reading in whose sight, and for how long at most
   */
  constructor(
    private readonly dataSource: DataSource,
    readonly plan: AuditPlan,
    readonly key: readonly unknown[],
    private readonly reading?: Reading,
    /** Only those of a child class of a single-table inheritance. */
    readonly ofClass?: ClassFilter,
  ) {
    this.reader = revisionReaderOf(dataSource, plan);
  }

  /** @throws InvalidArgumentError when the id is none of the entity */
  static of<E extends ObjectLiteral>(
    dataSource: DataSource,
    plan: AuditPlan,
    id: EntityId,
    reading: Reading,
    ofClass?: ClassFilter,
  ): RowRevisions<E> {
    return new RowRevisions(dataSource, plan, keyOf(dataSource, plan, id), reading, ofClass);
  }

  /** The row as messages and cursors name it: `Reservation 1`. */
  get name(): string {
    return `${this.ofClass?.name ?? this.plan.metadata.name} ${keyText(this.key)}`;
  }

  /** The condition that a revision changed one of the columns, for a filter whose revisions are read. */
  changed(columns: AuditPlan['columns']): string {
    return changedCondition(this.dataSource, columns);
  }

  /** The condition that a revision is by an actor. */
  isBy(actor: string): string {
    return dialectOf(this.dataSource).sameText('r.rev_actor', actor);
  }

  /** SQL that reads the newest version. */
  get newestVersion(): string {
    return newestVersion(this.dataSource, this.plan);
  }

  /** The first and the last version that are kept, of whatever class; undefined if there is none. */
  async versions(): Promise<{ first: number; last: number } | undefined> {
    const [row] = await this.run(selectVersions(this.dataSource, this.plan), {});
    return row.last === null ? undefined : { first: Number(row.first), last: Number(row.last) };
  }

  /** The newest one. */
  async newest(): Promise<Revision<E> | undefined> {
    return (await this.read({ order: 'DESC', limit: 1 })).at(0);
  }

  /** Those that a filter leaves, with what they changed. */
  async read(filter: RevisionFilter): Promise<Revision<E>[]> {
    return (await this.select(filter, true)).map((row) => this.reader.revision(row));
  }

  /** Those that a filter leaves, without their predecessors, for the reader. */
  rows(filter: RevisionFilter): Promise<Record<string, unknown>[]> {
    return this.select(filter, false);
  }

  /** The newest one of the row at a moment, if it is one of the class. */
  before(end: number): RevisionFilter {
    const isPast = (alias: string): string => `${alias}.rev_created < {{end}}`;
    const { dataSource, plan, ofClass } = this;
    const table = tableName(dataSource, plan.revision);
    const keys = plan.keys.map(({ databaseName }) => dataSource.driver.escape(databaseName));
    // Or an older one would be found, from before the row became another's.
    const isNewest = ofClass ? [dialectOf(dataSource).newest({ table, keys, isPast })] : [];
    return { where: [isPast('r'), ...isNewest], values: { end }, order: 'DESC', limit: 1 };
  }

  private async select(given: RevisionFilter, predecessor: boolean): Promise<Record<string, unknown>[]> {
    const filter = this.ofClass
      ? {
          ...given,
          where: [...(given.where ?? []), this.ofClass.condition('r')],
          values: { ...given.values, ...this.ofClass.values },
        }
      : given;
    const statement = selectRevisions(this.dataSource, this.plan, filter, predecessor);
    return this.run(statement, { ...filter.values, limit: filter.limit });
  }

  private async run(statement: Statement, values: ObjectLiteral): Promise<ObjectLiteral[]> {
    const key = Object.fromEntries(this.key.map((value, n) => [`key${n}`, value]));
    try {
      return await readRows(this.dataSource, statement, { ...key, ...values }, this.reading);
    } catch (error) {
      if (!isDataException(error)) throw error;
      // The database can't read the id as a value of the key's type: 'x' as a uuid, 2 ** 40 as an int.
      const { name } = this.plan.metadata;
      const refusal = new InvalidArgumentError(
        'id',
        `"${keyText(this.key)}" is no id that ${name} can have.`,
      );
      throw Object.assign(refusal, { cause: error });
    }
  }
}

// SQLSTATE class 22, of the databases that report one.
function isDataException(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code);
}
