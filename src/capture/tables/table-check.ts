import { Logger } from '@nestjs/common';
import { type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditConfigurationError } from '../../audit.errors.js';
import { type AuditOptions } from '../../audit.options.js';
import { type AuditPlans } from '../../audited/audit-plans.js';
import { hasShapes, knowShapes } from '../../audited/shapes/know-shapes.js';
import { type Catalogue } from '../../dialect/catalogue/catalogue.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { isMigrating } from './pending-tables.js';
import {
  absentColumns,
  actualTable,
  neededColumns,
  problemsOf,
  problemText,
  remainders,
} from './table-problems.js';

/** The findings of a look at the tables. */
interface Look {
  readonly problems: readonly string[];
  /** Whether audited tables are missing too, so that the database, or this part of it, isn't set up yet. */
  readonly isUnfinished: boolean;
  /** Whether the tables are there that say what revisions don't know. */
  readonly areShapesThere: boolean;
}

/**
 * Checks that this library's tables have the columns that a write needs. It looks once, at start or before the first
 * write to record. By then tables that the application creates after attaching exist.
 */
export class TableCheck {
  private readonly logger = new Logger('AuditModule');
  /** The plans whose tables have passed the check. */
  private sound: AuditPlans | undefined;
  private warned: string | undefined;
  private isLooking = false;

  constructor(
    private readonly plansOf: () => AuditPlans,
    private readonly catalogue: Catalogue,
    private readonly options: Pick<AuditOptions, 'checkTables'>,
  ) {}

  /** Whether a write has to wait for `beforeWrite()`. */
  isDue(queryRunner: QueryRunner | undefined): boolean {
    const { checkTables = 'error' } = this.options;
    if (this.sound === this.plansOf()) return false;
    // For a mere warning only the write that started the check waits for it.
    if (checkTables === 'warn' && this.isLooking) return false;
    return !queryRunner || !isMigrating(dataSourceOf(queryRunner));
  }

  /** Whether the tables were looked at, and lack nothing. */
  get areSound(): boolean {
    return this.options.checkTables !== false && this.sound === this.plansOf();
  }

  /** @throws AuditConfigurationError listing the problems of the tables */
  async atStart(queryRunner: QueryRunner): Promise<void> {
    if (this.isDue(queryRunner)) await this.check(queryRunner, false);
  }

  /** @throws AuditConfigurationError listing the problems of the tables; nothing was written */
  async beforeWrite(queryRunner: QueryRunner): Promise<void> {
    await this.check(queryRunner, true);
  }

  private async check(queryRunner: QueryRunner, isWrite: boolean): Promise<void> {
    const plans = this.plansOf();
    this.isLooking = true;
    try {
      if (this.options.checkTables === false) {
        if (await hasShapes(plans, queryRunner)) await knowShapes(plans, queryRunner);
        this.sound = plans;
        return;
      }
      const { problems, isUnfinished, areShapesThere } = await this.look(queryRunner, plans);
      if (problems.length > 0) this.refuse(problems);
      else {
        if (this.warned) this.logger.log('The revision tables have what writes need again.');
        this.warned = undefined;
        if (areShapesThere) await knowShapes(plans, queryRunner);
        // Tables missing at start may exist at the first write.
        if (isWrite || !isUnfinished) this.sound = plans;
      }
    } finally {
      this.isLooking = false;
    }
  }

  private refuse(problems: readonly string[]): void {
    const found =
      `The revision tables lack what a write needs:\n${problems.map((problem) => `- ${problem}`).join('\n')}\n` +
      `Generate and run a migration (typeorm migration:generate, migration:run).`;
    if (this.options.checkTables !== 'warn')
      throw new AuditConfigurationError(
        `${found} checkTables: 'warn' starts all the same, for migrations that end later.`,
      );
    if (found === this.warned) return;
    this.warned = found;
    this.logger.warn(`${found} Until then writes to these tables fail.`);
  }

  private async look(queryRunner: QueryRunner, plans: AuditPlans): Promise<Look> {
    const { catalogue } = this;
    const { all, ownTables } = plans;
    const ours = all.flatMap(({ metadata, revision }) => [metadata.tablePath, revision.tablePath]);
    const paths = [...ours, ...ownTables.map(({ tablePath }) => tablePath)];
    const found = await catalogue.read(queryRunner, paths);
    const tables = new Map(paths.map((path, at) => [path, actualTable(found[at], catalogue)]));
    // If the audited table itself is missing, TypeORM's own write fails.
    const present = all.filter(({ metadata }) => tables.get(metadata.tablePath)!.size > 0);
    for (const plan of present)
      plans.leaveOut(plan, absentColumns(plan, tables.get(plan.metadata.tablePath)!, catalogue));
    const problemTexts = (table: EntityMetadata, needed: readonly ColumnMetadata[]): string[] =>
      problemsOf(needed, tables.get(table.tablePath)!, catalogue).map((problem) =>
        problemText(table, problem),
      );
    const problems = present.flatMap(({ metadata, revision }) => {
      const needed = neededColumns(plans.find(metadata)!);
      return problemTexts(revision, needed);
    });
    if (present.length > 0)
      for (const table of ownTables) problems.push(...problemTexts(table, table.columns));
    if (problems.length === 0)
      for (const { metadata, revision } of present) {
        const plan = plans.find(metadata)!;
        plans.knowTable(plan, remainders(plan, tables.get(revision.tablePath)!, catalogue));
      }
    const { own } = plans;
    const areShapesThere =
      !own || [own.shape, own.maintenance].every(({ tablePath }) => tables.get(tablePath)!.size > 0);
    return { problems, isUnfinished: present.length < all.length, areShapesThere };
  }
}
