import { type DataSource, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { knowShapesToRead } from '../../audited/shapes/know-shapes.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type PastMoment } from './past-moment.js';
import { type PastTable } from './past-table.js';
import { type PastTables } from './past-tables.js';

/** A data source at a moment. It replaces the audited tables in statements by their past states. */
export class Past {
  /** Query runners made by builders of this past. No transaction of the application is open on them. */
  readonly ownRunners = new WeakSet<QueryRunner>();
  private readonly expressions = new Map<PastTable, string>();
  private existence: Promise<void> | undefined;
  private look: Promise<void> | undefined;
  private readonly toLookAt = new Set<PastTable>();

  constructor(
    /** The data source of the present. */
    readonly dataSource: DataSource,
    private readonly tablesNow: () => PastTables,
    readonly moment: PastMoment,
  ) {}

  // A look at the shapes of the revisions may change them.
  private get tables(): PastTables {
    return this.tablesNow();
  }

  /** The name of a table's expression, escaped; undefined if the table isn't audited and is read as it is now. */
  nameOf(tablePath: string): string | undefined {
    return this.tables.at(tablePath)?.name;
  }

  /** The copy that a column's past values come from; undefined if the table or the column isn't audited. */
  copyOf({ entityMetadata, databaseName }: ColumnMetadata): ColumnMetadata | undefined {
    return this.tables.at(entityMetadata.tablePath)?.copies.get(databaseName);
  }

  /**
   * Makes a statement read the past, by a common table expression for each audited table. They stand before the
   * statement's own expressions, which may read from them. A sub-select with its own WITH gets them too, because on
   * MariaDB it would read the present table instead of an outer expression.
   */
  shadow(sql: string): string {
    const renamed = this.tables.rename(sql);
    const expressions = this.tables.in(renamed).map((table) => this.expressionOf(table));
    if (expressions.length === 0) return sql;
    const list = [this.moment.expression, ...expressions].filter(Boolean).join(', ');
    const within = renamed.replace(/\(\s*WITH\s+(?:RECURSIVE\s+)?/gi, (head, at: number) =>
      this.tables.beginsWithOurs(renamed, at + head.length) ? head : `${head}${list}, `,
    );
    return this.withHints(within, expressions.length).replace(
      /^(\/\*.*?\*\/ )?(WITH (?:RECURSIVE )?)?/s,
      (_, comment = '', own?: string) => `${comment}${own ?? 'WITH '}${list}${own ? ', ' : ' '}`,
    );
  }

  // The database reads only the first hint comment, and TypeORM may have written it.
  private withHints(sql: string, tables: number): string {
    const ours = dialectOf(this.dataSource).sql.pastHints(tables);
    if (ours === '') return sql;
    return sql.replace(
      /^((?:\/\*(?!\+).*?\*\/ )?SELECT )(?:(\/\*\+ )|)/s,
      (_, select: string, theirs?: string) => `${select}/*+ ${ours} ${theirs ? '' : '*/ '}`,
    );
  }

  private expressionOf(table: PastTable): string {
    let expression = this.expressions.get(table);
    if (!expression) {
      this.expressions.set(table, (expression = table.expressionAt(this.moment)));
      this.toLookAt.add(table);
    }
    return expression;
  }

  /**
   * To be called before the text of a statement is made.
   *
   * @throws InvalidArgumentError when the revision or transaction of the moment doesn't exist
   */
  async assertExists(queryRunner: QueryRunner): Promise<void> {
    await this.knowShapes(queryRunner);
    if (this.moment.expression === undefined) return;
    this.existence ??= this.checkExistence(queryRunner, this.moment.expression).catch((error: unknown) => {
      this.existence = undefined;
      throw error;
    });
    await this.existence;
  }

  /** Warns, once for each table, if some of its rows have no revision. */
  async lookAtTables(queryRunner: QueryRunner): Promise<void> {
    if (queryRunner.isTransactionActive) return;
    const tables = [...this.toLookAt];
    this.toLookAt.clear();
    for (const table of tables) await table.lookAt(queryRunner);
  }

  // TypeORM sends some statements side by side over one connection: one of them looks.
  private async knowShapes(queryRunner: QueryRunner): Promise<void> {
    const plans = auditPlansOf(this.dataSource);
    if (plans.areShapesKnown) return;
    this.look ??= knowShapesToRead(plans, queryRunner).finally(() => (this.look = undefined));
    await this.look;
  }

  private async checkExistence(queryRunner: QueryRunner, expression: string): Promise<void> {
    const sql = `WITH ${expression} SELECT rev_created FROM rev_moment`;
    const [moment] = (await queryRunner.query(sql)) as { rev_created: number | null }[];
    if (moment.rev_created === null)
      throw new InvalidArgumentError(
        'at',
        `must be a moment of the history: no audited table has a revision of ${this.moment.name}.`,
      );
  }
}

const PAST = Symbol('past');

/** Sets the past that a shadow data source shows. */
export function setPast(shadow: DataSource, past: Past): void {
  Object.assign(shadow, { [PAST]: past });
}

export function pastOf(shadow: DataSource): Past {
  return (shadow as unknown as { [PAST]: Past })[PAST];
}
