import { type DataSource, type ObjectLiteral, QueryFailedError, type QueryRunner } from 'typeorm';
import { InvalidArgumentError } from '../audit.errors.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { keyOf, keyText } from './key-of.js';
import { type EntityId, type Revision } from './revision.js';
import { RevisionReader } from './revision-reader.js';
import { addPredecessor, changedCondition, type RevisionQuery, selectRevisions } from './revision-select.js';

/** The revisions of one audited row. */
export class RowRevisions<E extends ObjectLiteral> {
  readonly reader: RevisionReader<E>;

  /**
   * @param key as the driver takes it
   * @param queryRunner of the transaction in whose sight they are read
   */
  constructor(
    private readonly dataSource: DataSource,
    readonly plan: AuditPlan,
    readonly key: readonly unknown[],
    private readonly queryRunner?: QueryRunner,
  ) {
    this.reader = new RevisionReader(dataSource, plan);
  }

  /** @throws InvalidArgumentError when the id is none of the entity */
  static of<E extends ObjectLiteral>(
    dataSource: DataSource,
    plan: AuditPlan,
    id: EntityId,
    queryRunner?: QueryRunner,
  ): RowRevisions<E> {
    return new RowRevisions(dataSource, plan, keyOf(dataSource, plan, id), queryRunner);
  }

  /** The row as messages and cursors name it: `Reservation 1`. */
  get name(): string {
    return `${this.plan.metadata.name} ${keyText(this.key)}`;
  }

  /** Selects all of them, aliased `r`, in no order. */
  select(): RevisionQuery {
    return selectRevisions(this.dataSource, this.plan, this.key, this.queryRunner);
  }

  /** Narrows a select to those that changed one of the columns. */
  whereChanged(query: RevisionQuery, columns: AuditPlan['columns']): void {
    query.andWhere(changedCondition(this.dataSource, columns));
  }

  async read(query: RevisionQuery): Promise<Revision<E>[]> {
    const rows = await this.rows(addPredecessor(query, this.dataSource, this.plan));
    return rows.map((row) => this.reader.revision(row));
  }

  /** For the reader. */
  async rows(query: RevisionQuery): Promise<Record<string, unknown>[]> {
    try {
      return await query.getRawMany();
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
