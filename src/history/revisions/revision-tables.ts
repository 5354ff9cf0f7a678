import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type KeyDescription } from '../../dialect/keys/key.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { compileStatement, type Statement } from '../../dialect/run/statement.js';
import { RevisionReader } from '../reader/revision-reader.js';
import { type RevisionFilter, selectRevisions, selectVersions } from './revision-select.js';
import { selectRevisionsOfRows, selectVersionsOfRows } from './select-rows.js';

// Each combination of filters has its own statement, and a connection keeps every prepared statement. Beyond this
// number a statement is built and planned for each read, as with a query builder.
const MAX_KEPT = 100;

/** What reads have found out about the tables of a database. */
export interface KnownTables {
  /** Whether `audit_changeset` is there. */
  hasChangesets: boolean;
  /** The tables whose oldest revision has a changeset. */
  readonly covered: Set<AuditPlan>;
  /** The types of a number and a uuid, as a key table of them takes these. */
  idTypes?: KeyDescription;
  /** The types of the keys of audited tables. */
  readonly keyTypes: Map<AuditPlan, KeyDescription>;
}

/** The revision tables of a data source, and the statements that read several of them. */
export class RevisionTables {
  readonly known: KnownTables = { hasChangesets: false, covered: new Set(), keyTypes: new Map() };
  private readonly tables = new Map<AuditPlan, RevisionTable<any>>();
  private readonly statements = new Map<string, Statement>();

  constructor(readonly dataSource: DataSource) {}

  of<E extends ObjectLiteral>(plan: AuditPlan): RevisionTable<E> {
    let table = this.tables.get(plan);
    if (!table) this.tables.set(plan, (table = new RevisionTable<E>(this.dataSource, plan)));
    return table;
  }

  /** A statement over several tables, which is kept. */
  statement(key: string, template: () => string): Statement {
    return statementOnce(this.dataSource, this.statements, key, template);
  }
}

/** One revision table: its statements, and the readers of their results. */
export class RevisionTable<E extends ObjectLiteral = ObjectLiteral> {
  private readonly statements = new Map<string, Statement>();
  private ofMany: { columns: string; joins: string } | undefined;
  private readonly readers = new Map<string, RevisionReader<E>>();

  constructor(
    readonly dataSource: DataSource,
    readonly plan: AuditPlan,
  ) {}

  /** See `selectRevisions()`. */
  select(filter: RevisionFilter, predecessor: boolean): Statement {
    const { dataSource, plan } = this;
    const key = [predecessor, filter.where?.join(' AND '), filter.order, filter.limit !== undefined].join();
    return statementOnce(dataSource, this.statements, key, () =>
      selectRevisions(dataSource, plan, filter, predecessor),
    );
  }

  /** See `selectVersions()`. */
  selectVersions(): Statement {
    const { dataSource, plan } = this;
    return statementOnce(dataSource, this.statements, 'versions', () => selectVersions(dataSource, plan));
  }

  /** See `selectRevisionsOfRows()`. */
  selectOfRows(count: number, filter: RevisionFilter): Statement {
    const { dataSource, plan } = this;
    const key = ['rows', count, filter.where?.join(' AND '), filter.order, filter.limit !== undefined].join();
    return statementOnce(dataSource, this.statements, key, () =>
      selectRevisionsOfRows(dataSource, plan, count, filter),
    );
  }

  /** See `selectVersionsOfRows()`. */
  selectVersionsOfRows(count: number): Statement {
    const { dataSource, plan } = this;
    return statementOnce(dataSource, this.statements, `versions,${count}`, () =>
      selectVersionsOfRows(dataSource, plan, count),
    );
  }

  /** The columns and joins of the table in statements over several tables. */
  part(build: () => { columns: string; joins: string }): { columns: string; joins: string } {
    return (this.ofMany ??= build());
  }

  /** @param prefix of the result columns that hold the shown columns */
  reader(prefix = ''): RevisionReader<E> {
    let reader = this.readers.get(prefix);
    if (!reader)
      this.readers.set(prefix, (reader = new RevisionReader<E>(this.dataSource, this.plan, prefix)));
    return reader;
  }
}

/**
 * Builds a statement once, because building it can take longer than running it.
 *
 * @param template builds its SQL, with `{{name}}` for a parameter
 */
function statementOnce(
  dataSource: DataSource,
  kept: Map<string, Statement>,
  key: string,
  template: () => string,
): Statement {
  let statement = kept.get(key);
  if (!statement) {
    const isKept = kept.size < MAX_KEPT;
    statement = compileStatement(dialectOf(dataSource), template(), isKept);
    if (isKept) kept.set(key, statement);
  }
  return statement;
}
