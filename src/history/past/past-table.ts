import { type DataSource, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { tableColumns } from '../../audited/marks/properties.js';
import { recordedValue } from '../../audited/shapes/recorded-value.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { REDACTED } from '../../dialect/masks/mask.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { type PastMoment } from './past-moment.js';
import { UnrecordedRows } from './unrecorded-rows.js';

/** The common table expression that replaces one audited table. */
export class PastTable {
  /** The escaped name of the expression. */
  readonly name: string;
  /** The columns of the revision table that supply its values, by database name. */
  readonly copies: ReadonlyMap<string, ColumnMetadata>;
  private readonly occurrence: RegExp;
  private readonly qualified: RegExp;
  private readonly revisions: string;
  private readonly keys: readonly string[];
  /** The part of the expression that doesn't depend on the moment. */
  private readonly head: string;
  private isLookedAt = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
  ) {
    const { tableName: unqualified, tablePath } = plan.metadata;
    const { driver } = dataSource;
    // A common table expression has no schema, so the name includes it: 'hotel.reservation' as one identifier.
    const name =
      tablePath.length <= (driver.maxAliasLength ?? Infinity) ? tablePath : plan.revision.tableName;
    this.name = driver.escape(name);
    this.copies = new Map(plan.columns.map(({ databaseName, copy }) => [databaseName, copy]));
    const isQualified = tablePath !== unqualified;
    this.occurrence = isQualified
      ? patternOf([this.name])
      : patternOf([unqualified, driver.escape(unqualified)]);
    this.qualified = qualifiedName(dataSource, isQualified ? tablePath : unqualified);
    this.revisions = tableName(dataSource, plan.revision);
    this.keys = plan.keys.map(({ databaseName }) => this.escape(databaseName));
    this.head = `${this.beginning}SELECT ${this.columns().join(', ')} FROM ${this.revisions} r WHERE `;
  }

  /**
   * Replaces this table by the expression wherever a statement names it with its schema after FROM or JOIN. Elsewhere
   * `hotel.reservation` may be a column of an alias `hotel`.
   */
  rename(sql: string): string {
    return sql.replace(this.qualified, (_, keyword: string) => `${keyword} ${this.name}`);
  }

  /** Whether a statement may read the table. A mere column of this name matches too and costs an unused expression. */
  occursIn(sql: string): boolean {
    return this.occurrence.test(sql);
  }

  /** The common table expression of the table at a moment. */
  expressionAt({ isPast }: PastMoment): string {
    const { head, revisions: table, keys } = this;
    const isNewest = dialectOf(this.dataSource).sql.isNewest({ table, keys, isPast });
    return `${head}${isPast('r')} AND NOT r.rev_isdelete AND ${isNewest})`;
  }

  /** Warns at the first read if some rows have no revision. */
  async lookAt(queryRunner: QueryRunner): Promise<void> {
    if (this.isLookedAt) return;
    this.isLookedAt = true;
    await new UnrecordedRows(this.dataSource, this.plan).warn(queryRunner);
  }

  /** The beginning of the expression, whatever the moment. */
  get beginning(): string {
    return `${this.name} AS ${dialectOf(this.dataSource).sql.notMaterialized}(`;
  }

  // Each column of the table once: a second relation over a column adds a duplicate to the metadata.
  private columns(): string[] {
    const recorded = new Map(this.plan.columns.map((column) => [column.databaseName, column]));
    const byName = new Map(
      [...this.plan.others, this.plan.metadata]
        .flatMap(tableColumns)
        .map((column) => [column.databaseName, column]),
    );
    return [...byName].map(([databaseName, column]) => {
      const name = this.escape(databaseName);
      const value = this.valueOf(column, recorded.get(databaseName));
      return value === `r.${name}` ? value : `${value} AS ${name}`;
    });
  }

  private valueOf(column: ColumnMetadata, recorded: PlanColumn | undefined): string {
    const dialect = dialectOf(this.dataSource);
    if (column === this.plan.revisionId) return dialect.types.uuidText('r.rev_id');
    // A masked foreign key matches no row, and its type may not be comparable.
    if (!recorded || (recorded.mask && column.referencedColumn)) return dialect.types.nullOf(column);
    const value = recordedValue(this.dataSource, this.plan, 'r', recorded);
    return recorded.mask === 'redact' ? `CASE WHEN ${value} IS NOT NULL THEN '${REDACTED}' END` : value;
  }

  private escape(name: string): string {
    return this.dataSource.driver.escape(name);
  }
}

function patternOf(names: string[]): RegExp {
  return new RegExp(`(?<![\\w$])(?:${names.map(escapeRegExp).join('|')})(?![\\w$])`, 'i');
}

// A table without a schema is in one of the connection's default schemas.
function qualifiedName({ driver }: DataSource, path: string): RegExp {
  const { schema, searchSchema, database } = driver as {
    [Name in 'schema' | 'searchSchema' | 'database']?: string;
  };
  const paths = path.includes('.')
    ? [path]
    : [schema, searchSchema, database].filter(Boolean).map((outer) => `${outer}.${path}`);
  const alternatives = paths.map((each) =>
    each
      .split('.')
      .map((name) => `(?:${escapeRegExp(name)}|${escapeRegExp(driver.escape(name))})`)
      .join('\\s*\\.\\s*'),
  );
  // Without alternatives the pattern matches nothing.
  return new RegExp(`\\b(FROM|JOIN)\\s+(?:${alternatives.join('|') || '(?!)'})(?![\\w$])`, 'gi');
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
