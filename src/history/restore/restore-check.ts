import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { foreignKeysOf } from '../../audited/foreign-keys.js';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { type Obstacle } from './obstacle.js';
import { type RestoreQuery, type RestoreSql } from './restore-sql.js';
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

/** Compares a row with a revision and collects the obstacles to restoring it. Locks the row, if it exists. */
export class RestoreCheck {
  constructor(
    private readonly sql: RestoreSql,
    private readonly query: RestoreQuery,
    private readonly uniqueKeys: readonly UniqueKey[],
  ) {}

  async assess(revisionId: string): Promise<Assessment> {
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
    const [facts] = await this.query(
      `SELECT ${[
        '1 AS found',
        ...foreignKeys.map((foreignKey, n) => `${flag(sql.isDangling(foreignKey))} AS dangling${n}`),
        ...foreignKeys.flatMap((foreignKey, n) =>
          foreignKey.columns.map((column, m) => `${sql.readAfter(column)} AS value${n}_${m}`),
        ),
        ...unsure.map((column, n) => `${flag(sql.isWithout(column)!)} AS missing${n}`),
        ...uniques.map((unique, n) => `${flag(sql.isTaken(unique))} AS taken${n}`),
      ].join(', ')} FROM ${sql.origin} WHERE ${sql.isRevision}`,
      { id: revisionId },
    );
    // A revision has no value for a column that the database filled later, or that was nullable at the time.
    const missing = unsure.filter((_, n) => Number(facts[`missing${n}`]) === 1);
    const kept = columns.filter((column) => !missing.includes(column));
    const taken = uniques.filter((_, n) => Number(facts[`taken${n}`]) === 1);
    const live = await this.compare(revisionId, kept);
    return {
      ...live,
      columns: live.isPresent ? kept.filter((column) => !this.isPath(column)) : kept,
      obstacles: [
        ...foreignKeys
          .map((foreignKey, n) => ({ foreignKey, n }))
          .filter(({ n }) => Number(facts[`dangling${n}`]) === 1)
          .map(({ foreignKey, n }) =>
            dangling(
              plan,
              foreignKey,
              foreignKey.columns.map((_, m) => facts[`value${n}_${m}`]),
            ),
          ),
        ...(sql.only ? missing.filter(({ source }) => !source.isVersion).map(withoutRecordedValue) : []),
        ...(live.isPresent ? [] : this.withoutValue(missing).map(withoutValue)),
        ...(live.isMoved ? [live.isPresent ? moveObstacle(sql) : deletionObstacle(sql)] : []),
        ...(live.differs ? await this.obstaclesOf(revisionId, taken) : []),
      ],
    };
  }

  private async compare(
    revisionId: string,
    columns: readonly PlanColumn[],
  ): Promise<Pick<Assessment, 'isPresent' | 'differs' | 'isMoved' | 'operation'>> {
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
    const [row] = await this.query(
      `SELECT ${flag(sql.differs('r', compared))} AS differs, ${flag(sql.differs('r', parents))} AS moved, ${isDeleted('t')} AS was_deleted, ${isDeleted('r')} AS is_deleted ` +
        `FROM ${sql.table} t ${sql.dialect.sql.leadingJoin} ${sql.revisions} r ON ${sql.isRevision} ` +
        `WHERE ${sql.isRow}${sql.dialect.locks.forUpdate('t')}`,
      { id: revisionId },
    );
    if (!row)
      return {
        isPresent: false,
        differs: true,
        isMoved: await isPlaceLost(sql, this.query, revisionId),
        operation: 'insert',
      };
    const [was, is] = [Number(row.was_deleted), Number(row.is_deleted)];
    const operation = was === is || plan.metadata.isJunction ? 'update' : is ? 'soft-delete' : 'restore';
    return {
      isPresent: true,
      differs: Number(row.differs) === 1,
      isMoved: Number(row.moved) === 1,
      operation,
    };
  }

  // A materialized path changes with the parent only. The recorded path is stale if a node above has moved.
  private isPath({ source }: PlanColumn): boolean {
    return source === this.sql.plan.metadata.materializedPathColumn;
  }

  private async obstaclesOf(revisionId: string, taken: readonly UniqueKey[]): Promise<Obstacle[]> {
    const obstacles: Obstacle[] = [];
    for (const unique of taken)
      obstacles.push(...(await uniqueObstacles(this.sql, this.query, revisionId, unique)));
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
