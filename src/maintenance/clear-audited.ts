import { type DataSource, type EntityMetadata } from 'typeorm';
import { AuditError } from '../audit.errors.js';
import { type AuditPlans, auditPlansOf } from '../audited/audit-plans.js';
import { foreignKeysTo } from '../audited/foreign-keys.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { assertOptions, type OptionNames } from '../option-names.js';
import { tableName } from '../dialect/catalogue/table-name.js';

/** The options of `clearAudited()`. */
export interface ClearAuditedOptions {
  /**
   * Whether to empty the tables even if `NODE_ENV` is `production`.
   *
   * @default false
   */
  evenInProduction?: boolean;
}

const OPTIONS: OptionNames<ClearAuditedOptions> = { evenInProduction: true };

/**
 * Empties all audited tables and their histories, between tests. It records nothing, and leaves other tables and the
 * numbering of keys as they are.
 *
 * It empties the tables together, whatever foreign keys they have among each other. First delete the rows of other
 * tables that refer to them.
 *
 * @param dataSource initialised; it need not be attached
 * @throws AuditError when `NODE_ENV` is `production`, or rows of another table refer to an audited one. Then no table
 *   is emptied
 * @throws AuditConfigurationError when the data source is not initialised
 * @throws InvalidArgumentError 'options', for an unknown one
 * @example
 * afterEach(() => clearAudited(dataSource));
 * // → reservation and reservation_rev are empty
 */
export async function clearAudited(dataSource: DataSource, options: ClearAuditedOptions = {}): Promise<void> {
  assertOptions('options', options, OPTIONS);
  if (process.env.NODE_ENV === 'production' && !options.evenInProduction)
    throw new AuditError(
      'clearAudited() would remove all audited rows and their history, and NODE_ENV is "production". ' +
        'Call it in tests only, or with { evenInProduction: true }.',
    );
  const plans = auditPlansOf(dataSource);
  if (!plans.own) return;
  const { shape: _, ...own } = plans.own;
  const emptied = [
    ...plans.all.flatMap(({ metadata, revision }) => [revision, metadata]),
    ...Object.values(own),
  ];
  const tables = [
    ...new Set(childrenFirst(dataSource, emptied).map((table) => tableName(dataSource, table))),
  ];
  await dataSource.transaction(async ({ queryRunner }) => {
    await assertUnreferred(dataSource, plans, (select) => queryRunner!.query(select));
    await dialectOf(dataSource).run.deleteAll(queryRunner!, tables);
  });
}

// As far as possible: tables may refer to each other.
function childrenFirst(dataSource: DataSource, tables: readonly EntityMetadata[]): EntityMetadata[] {
  const ordered: EntityMetadata[] = [];
  const seen = new Set<string>();
  const add = (table: EntityMetadata): void => {
    if (seen.has(table.tablePath)) return;
    seen.add(table.tablePath);
    for (const child of foreignKeysTo(dataSource, table)) add(child.entityMetadata);
    ordered.push(table);
  };
  tables.forEach(add);
  const paths = new Set(tables.map(({ tablePath }) => tablePath));
  return ordered.filter(({ tablePath }) => paths.has(tablePath));
}

async function assertUnreferred(
  dataSource: DataSource,
  plans: AuditPlans,
  query: (select: string) => Promise<unknown>,
): Promise<void> {
  for (const { metadata } of plans.all)
    for (const { entityMetadata, columns } of foreignKeysTo(dataSource, metadata)) {
      if (plans.find(entityMetadata)) continue;
      const isSet = columns.map(
        ({ databaseName }) => `${dataSource.driver.escape(databaseName)} IS NOT NULL`,
      );
      const rows = (await query(
        `SELECT 1 FROM ${tableName(dataSource, entityMetadata)} WHERE ${isSet.join(' AND ')} ${dialectOf(dataSource).sql.limit(1)}`,
      )) as unknown[];
      const { name } = entityMetadata.parentEntityMetadata ?? entityMetadata;
      if (rows.length > 0)
        throw new AuditError(
          `clearAudited() can't empty ${metadata.name}: rows of ${name}, which is not audited, refer to it. ` +
            `Empty ${name} first.`,
        );
    }
}
