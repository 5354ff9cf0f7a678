import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { RevisionReader } from '../reader/revision-reader.js';
import { Statements } from './statements.js';

/** What reading keeps of one revision table: its statements, and what makes revisions of their results. */
export class RevisionTable<E extends ObjectLiteral = ObjectLiteral> {
  readonly statements: Statements;
  private readonly readers = new Map<string, RevisionReader<E>>();

  constructor(
    readonly dataSource: DataSource,
    readonly plan: AuditPlan,
  ) {
    this.statements = new Statements(dataSource);
  }

  /** @param prefix of the names that the shown columns have in a result */
  reader(prefix = ''): RevisionReader<E> {
    let reader = this.readers.get(prefix);
    if (!reader)
      this.readers.set(prefix, (reader = new RevisionReader<E>(this.dataSource, this.plan, prefix)));
    return reader;
  }
}

/** The revision tables of a data source, and the statements that read several of them. */
export class RevisionTables {
  readonly statements: Statements;
  private readonly tables = new Map<AuditPlan, RevisionTable<any>>();

  constructor(readonly dataSource: DataSource) {
    this.statements = new Statements(dataSource);
  }

  of<E extends ObjectLiteral>(plan: AuditPlan): RevisionTable<E> {
    let table = this.tables.get(plan);
    if (!table) this.tables.set(plan, (table = new RevisionTable<E>(this.dataSource, plan)));
    return table;
  }
}
