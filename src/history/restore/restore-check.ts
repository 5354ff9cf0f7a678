import { type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { foreignKeysOf } from '../../audited/foreign-keys.js';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { type Obstacle } from './obstacle.js';
import { type RestoreQuery, type RestoreSql, type RowToRestore } from './restore-sql.js';
import { uniqueObstacles } from './unique-obstacles.js';
import { deletionObstacle, isPlaceLost, moveObstacle } from './tree-place.js';
import { type UniqueKey } from './unique-keys.js';

/** What a restore of one row would do: its obstacles, its operation and its columns. */
export interface Assessment {
  readonly obstacles: readonly Obstacle[];
  readonly isPresent: boolean;
  readonly differs: boolean;
  /** Whether the node moves in its tree, so that closures, bounds or paths in other rows would have to change too. */
  readonly isMoved: boolean;
  readonly operation: AuditOperation;
  /** The columns to write. */
  readonly columns: readonly PlanColumn[];
}

/** What the revision of a row says, as far as the row doesn't matter. */
interface Recorded {
  /** The columns that a restore of this row writes. */
  readonly columns: readonly PlanColumn[];
  /** The columns that the revision has no value for. */
  readonly missing: readonly PlanColumn[];
  readonly taken: readonly UniqueKey[];
  readonly dangling: readonly Obstacle[];
}

/** How a row compares with its revision. */
type Comparison = Pick<Assessment, 'isPresent' | 'differs' | 'isMoved' | 'operation'>;

/** Compares rows with revisions and collects the obstacles to restoring them. Locks the rows that exist. */
export class RestoreCheck {
  constructor(
    private readonly sql: RestoreSql,
    private readonly query: RestoreQuery,
    private readonly uniqueKeys: readonly UniqueKey[],
  ) {}

  /**
   * The assessments, in the order of the rows.
   *
   * @param naming whether the obstacle of a taken value names the row that has it, which takes two more statements
   */
  async assess(rows: readonly RowToRestore[], naming: boolean): Promise<Assessment[]> {
    const recorded = await this.readRecorded(rows);
    const compared = await this.compareAll(rows, recorded);
    const assessments: Assessment[] = [];
    for (const [n, row] of rows.entries())
      assessments.push(await this.assessOne(row, recorded[n], compared[n], naming));
    return assessments;
  }

  private async assessOne(
    row: RowToRestore,
    { columns, missing, taken, dangling }: Recorded,
    compared: Comparison,
    naming: boolean,
  ): Promise<Assessment> {
    const { sql } = this;
    const { isPresent, isMoved, differs } = compared;
    return {
      ...compared,
      columns: isPresent ? columns.filter((column) => !this.isPath(column)) : columns,
      obstacles: [
        ...dangling,
        ...(sql.only ? missing.filter(({ source }) => !source.isVersion).map(withoutRecordedValue) : []),
        ...(isPresent ? [] : this.withoutValue(missing).map(withoutValue)),
        ...(isMoved ? [isPresent ? moveObstacle(sql) : deletionObstacle(sql)] : []),
        ...(differs ? await this.obstaclesOf(row, taken, naming) : []),
      ],
    };
  }

  private async readRecorded(rows: readonly RowToRestore[]): Promise<Recorded[]> {
    const { sql } = this;
    const { plan } = sql;
    const isConcerned = (keys: { columns: readonly Pick<ColumnMetadata, 'databaseName'>[] }): boolean =>
      keys.columns.some((column) => sql.isRestored(column));
    const foreignKeys = foreignKeysOf(plan)
      .filter((foreignKey) => isCopied(plan, foreignKey))
      .filter(isConcerned);
    // A version column counts on, whatever is restored.
    const columns = writableColumns(plan).filter(
      (column) => sql.isRestored(column) || column.source.isVersion,
    );
    const unsure = columns.filter((column) => sql.isWithout(column) !== undefined);
    const uniques = this.uniqueKeys.filter(isConcerned);
    const found = await this.query(
      `SELECT ${[
        sql.number,
        ...foreignKeys.map((foreignKey, n) => `${flag(sql.isDangling(foreignKey))} AS dangling${n}`),
        ...foreignKeys.flatMap((foreignKey, n) =>
          foreignKey.columns.map((column, m) => `${sql.readAfter(column)} AS value${n}_${m}`),
        ),
        ...unsure.map((column, n) => `${flag(sql.isWithout(column)!)} AS missing${n}`),
        ...uniques.map((unique, n) => `${flag(sql.isTaken(unique))} AS taken${n}`),
      ].join(', ')} FROM ${sql.origin}`,
      rows,
    );
    const facts = new Map(found.map((row) => [row.n as number, row]));
    return rows.map((_, n) => {
      const fact = facts.get(n) ?? {};
      const is = (name: string): boolean => Number(fact[name]) === 1;
      // A revision has no value for a column that the database filled later, or that was nullable at the time.
      const missing = unsure.filter((__, m) => is(`missing${m}`));
      return {
        missing,
        columns: missing.length === 0 ? columns : columns.filter((column) => !missing.includes(column)),
        taken: uniques.filter((__, m) => is(`taken${m}`)),
        dangling: foreignKeys.flatMap((foreignKey, m) =>
          is(`dangling${m}`)
            ? dangling(
                plan,
                foreignKey,
                foreignKey.columns.map((__, v) => fact[`value${m}_${v}`]),
              )
            : [],
        ),
      };
    });
  }

  /** Compares rows with their revisions, by one statement for all revisions that have the same columns. */
  private async compareAll(
    rows: readonly RowToRestore[],
    recorded: readonly Recorded[],
  ): Promise<Comparison[]> {
    const groups = new Map<string, number[]>();
    for (const [n, { missing }] of recorded.entries()) {
      const name = missing.map(({ databaseName }) => databaseName).join('\n');
      const group = groups.get(name);
      if (group) group.push(n);
      else groups.set(name, [n]);
    }
    const comparisons: Comparison[] = [];
    for (const group of groups.values()) {
      const ofGroup = group.map((n) => rows[n]);
      const found = await this.compare(ofGroup, recorded[group[0]].columns);
      group.forEach((n, at) => (comparisons[n] = found[at]));
    }
    return comparisons;
  }

  private async compare(
    rows: readonly RowToRestore[],
    columns: readonly PlanColumn[],
  ): Promise<Comparison[]> {
    const { sql } = this;
    const { plan } = sql;
    const compared = columns.filter((column) => !column.source.isVersion && !this.isPath(column));
    const { treeType, treeParentRelation } = plan.metadata;
    const parents =
      treeType && treeType !== 'adjacency-list'
        ? compared.filter((column) =>
            treeParentRelation?.joinColumns.some(({ databaseName }) => databaseName === column.databaseName),
          )
        : [];
    const deleted = columns.find(({ source }) => source.isDeleteDate);
    const isDeleted = (alias: string): string =>
      deleted ? flag(`${alias}.${sql.column(deleted)} IS NOT NULL`) : '0';
    // Every write locks the row first, so this SELECT does too. Another order could deadlock.
    const found = await this.query(
      `SELECT ${sql.number}, ${flag(sql.differs('r', compared))} AS differs, ${flag(sql.differs('r', parents))} AS moved, ` +
        `${isDeleted('t')} AS was_deleted, ${isDeleted('r')} AS is_deleted ` +
        `FROM ${sql.present} ${sql.joinRevision}${sql.dialect.locks.forUpdate('t')}`,
      rows,
    );
    const present = new Map(found.map((row) => [row.n as number, row]));
    const comparisons: Comparison[] = [];
    for (const [n, target] of rows.entries()) {
      const row = present.get(n);
      comparisons.push(row ? this.comparisonOf(row) : await this.absence(target));
    }
    return comparisons;
  }

  private comparisonOf(row: ObjectLiteral): Comparison {
    const [was, is] = [Number(row.was_deleted), Number(row.is_deleted)];
    return {
      isPresent: true,
      differs: Number(row.differs) === 1,
      isMoved: Number(row.moved) === 1,
      operation: was === is || this.sql.plan.metadata.isJunction ? 'update' : is ? 'soft-delete' : 'restore',
    };
  }

  private async absence(row: RowToRestore): Promise<Comparison> {
    const isMoved = await isPlaceLost(this.sql, this.query, row);
    return { isPresent: false, differs: true, isMoved, operation: 'insert' };
  }

  // A materialized path changes with the parent only. The recorded path is stale if a node above has moved.
  private isPath({ source }: PlanColumn): boolean {
    return source === this.sql.plan.metadata.materializedPathColumn;
  }

  private async obstaclesOf(
    row: RowToRestore,
    taken: readonly UniqueKey[],
    naming: boolean,
  ): Promise<Obstacle[]> {
    if (!naming) return taken.map(() => ({ problem: 'a unique value is taken' }));
    const obstacles: Obstacle[] = [];
    for (const unique of taken) obstacles.push(...(await uniqueObstacles(this.sql, this.query, row, unique)));
    return obstacles;
  }

  private withoutValue(missing: readonly PlanColumn[]): ColumnMetadata[] {
    const { plan, dataSource } = this.sql;
    const generatesUuids = dataSource.driver.isUUIDGenerationSupported();
    const audited = plan.columns.filter(({ mask }) => !mask).map(({ source }) => source);
    const others = plan.metadata.columns.filter(
      (column) => !audited.includes(column) && !column.isVirtualProperty && column !== plan.revisionId,
    );
    return [...missing.map(({ source }) => source), ...others].filter(
      (column) => !column.isNullable && !hasDefault(column, generatesUuids),
    );
  }
}

/** The columns that a restore may write. */
export function writableColumns({ columns, keys, metadata }: AuditPlan): PlanColumn[] {
  // The bounds of a nested set depend on all of its other rows.
  const bounds = [metadata.nestedSetLeftColumn, metadata.nestedSetRightColumn];
  return columns.filter(
    (column) =>
      !keys.includes(column) &&
      !column.source.asExpression &&
      !column.mask &&
      !bounds.includes(column.source),
  );
}

function isCopied({ columns }: AuditPlan, foreignKey: ForeignKeyMetadata): boolean {
  return foreignKey.columns.every(({ databaseName }) =>
    columns.some((column) => column.databaseName === databaseName && !column.mask),
  );
}

function hasDefault(column: ColumnMetadata, generatesUuids: boolean): boolean {
  if (column.default !== undefined && column.default !== null) return true;
  if (column.isCreateDate || column.isUpdateDate || column.asExpression) return true;
  return column.isGenerated && (column.generationStrategy !== 'uuid' || generatesUuids);
}

function dangling(
  { columns }: AuditPlan,
  foreignKey: ForeignKeyMetadata,
  values: readonly unknown[],
): Obstacle {
  const propertyOf = ({ databaseName, propertyPath }: ColumnMetadata): string =>
    columns.find((column) => column.databaseName === databaseName)?.propertyPath ?? propertyPath;
  const names = foreignKey.columns.map(({ databaseName }) => databaseName).join(', ');
  const parent = foreignKey.referencedEntityMetadata.name;
  return {
    problem: `${names} of ${foreignKey.entityMetadata.name} refers to ${parent} ${values.map(String).join()}, which no longer exists`,
    values: Object.fromEntries(foreignKey.columns.map((column, n) => [propertyOf(column), values[n]])),
    dangling: foreignKey,
  };
}

// Who names a property expects it to change.
function withoutRecordedValue({ source: { entityMetadata }, propertyPath }: PlanColumn): Obstacle {
  return {
    problem: `the version has no value of ${entityMetadata.name}.${propertyPath}`,
    remedy: 'Leave the property out, or name a version that has it.',
  };
}

function withoutValue({ entityMetadata, propertyPath }: ColumnMetadata): Obstacle {
  return {
    problem: `${entityMetadata.name}.${propertyPath} is not in the history, takes no null and has no default`,
  };
}

function flag(condition: string): string {
  return `CASE WHEN ${condition} THEN 1 ELSE 0 END`;
}
