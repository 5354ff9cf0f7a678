import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { runMasked } from '../../audited/masks/mask-key.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Executed } from '../../dialect/run/executed.js';
import { type Statement } from '../../dialect/run/statement.js';
import { RevisionSql } from './revision-sql.js';

/** A statement about an audited table. */
export interface TableStatement {
  readonly plan: AuditPlan;
  /** The cache key among the table's statements. */
  readonly kind: string;
  readonly build: (sql: RevisionSql) => Statement;
}

/** Runs statements about audited tables. Builds their text once for each table. */
export class TableStatements {
  private readonly tables = new Map<AuditPlan, { sql: RevisionSql; built: Map<string, Statement> }>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
  ) {}

  /** @param values by parameter name */
  execute(
    queryRunner: QueryRunner,
    statement: TableStatement,
    values: Readonly<Record<string, unknown>>,
  ): Promise<Executed> {
    const built = this.built(statement);
    return runMasked(this.dataSource, queryRunner, built, values, (bound) =>
      this.dialect.run.execute(queryRunner, built, bound),
    );
  }

  /** Like `execute()`, for a statement that isn't worth keeping. */
  executeOnce(
    queryRunner: QueryRunner,
    { plan, build }: Omit<TableStatement, 'kind'>,
    values: Readonly<Record<string, unknown>>,
  ): Promise<Executed> {
    const built = build(new RevisionSql(this.dataSource, plan));
    return runMasked(this.dataSource, queryRunner, built, values, (bound) =>
      this.dialect.run.execute(queryRunner, built, bound),
    );
  }

  private built({ plan, kind, build }: TableStatement): Statement {
    let table = this.tables.get(plan);
    if (!table) {
      table = { sql: new RevisionSql(this.dataSource, plan), built: new Map() };
      this.tables.set(plan, table);
    }
    let statement = table.built.get(kind);
    if (!statement) table.built.set(kind, (statement = build(table.sql)));
    return statement;
  }
}
