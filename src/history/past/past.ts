import { type DataSource, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type PastMoment } from './past-moment.js';
import { type PastTable } from './past-table.js';
import { type PastTables } from './past-tables.js';

/** A data source at a moment: what puts its audited tables, as they were, in the place of those that are. */
export class Past {
  /** Query runners that only a builder of this past has, so that no transaction of the application is open on them. */
  readonly ownRunners = new WeakSet<QueryRunner>();
  private readonly expressions = new Map<PastTable, string>();
  private existence: Promise<void> | undefined;
  private readonly toLookAt = new Set<PastTable>();

  constructor(
    /** The one of the present. */
    readonly dataSource: DataSource,
    private readonly tables: PastTables,
    readonly moment: PastMoment,
  ) {}

  /** What a builder calls a table, escaped; undefined for one that isn't audited and is read as it is now. */
  nameOf(tablePath: string): string | undefined {
    return this.tables.at(tablePath)?.name;
  }

  /** What a column's values of the past come from; undefined where they are of the present, or none were recorded. */
  copyOf({ entityMetadata, databaseName }: ColumnMetadata): ColumnMetadata | undefined {
    return this.tables.at(entityMetadata.tablePath)?.copies.get(databaseName);
  }

  /**
   * A whole statement over the past: with a common table expression in front for each audited table in it. They come
   * before the statement's own, which then read from them, and before those of its sub-selects: MariaDB looks for a
   * table of the present where a sub-select that has expressions itself names one from outside.
   */
  shadow(sql: string): string {
    const renamed = this.tables.rename(sql);
    const expressions = this.tables.in(renamed).map((table) => this.expressionOf(table));
    if (expressions.length === 0) return sql;
    const list = [this.moment.expression, ...expressions].filter(Boolean).join(', ');
    const within = renamed.replace(/\(\s*WITH\s+(?:RECURSIVE\s+)?/gi, (head, at: number) =>
      this.tables.beginsWithOurs(renamed, at + head.length) ? head : `${head}${list}, `,
    );
    return this.hinted(within, expressions.length).replace(
      /^(\/\*.*?\*\/ )?(WITH (?:RECURSIVE )?)?/s,
      (_, comment = '', own?: string) => `${comment}${own ?? 'WITH '}${list}${own ? ', ' : ' '}`,
    );
  }

  // A database takes the first comment of hints only, and TypeORM may have made one.
  private hinted(sql: string, tables: number): string {
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

  /** @throws InvalidArgumentError when the moment is that of a revision or a transaction that there is none of */
  async assertExists(queryRunner: QueryRunner): Promise<void> {
    if (this.moment.expression === undefined) return;
    this.existence ??= this.checkExistence(queryRunner, this.moment.expression).catch((error: unknown) => {
      this.existence = undefined;
      throw error;
    });
    await this.existence;
  }

  /** Looks, once for a table, whether rows of it are missing in the past. */
  async lookAtTables(queryRunner: QueryRunner): Promise<void> {
    if (queryRunner.isTransactionActive) return;
    const tables = [...this.toLookAt];
    this.toLookAt.clear();
    for (const table of tables) await table.lookAt(queryRunner);
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

/** Says of a shadow data source which past it shows. */
export function setPast(shadow: DataSource, past: Past): void {
  Object.assign(shadow, { [PAST]: past });
}

export function pastOf(shadow: DataSource): Past {
  return (shadow as unknown as { [PAST]: Past })[PAST];
}
