import { type DataSource, type EntityMetadata } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type AuditPlan, type AuditPlanDraft } from './audit-plan.js';

/** @throws AuditConfigurationError when two entities would have the same audited name */
export function assertOneNameEach(plans: readonly AuditPlan[]): void {
  const byName = new Map<string, AuditPlan>();
  for (const plan of plans) {
    const other = byName.get(plan.name);
    if (other)
      throw new AuditConfigurationError(
        `${other.metadata.name} and ${plan.metadata.name} are both audited as "${plan.name}". ` +
          `Give one of them another @Audited({ name }).`,
      );
    byName.set(plan.name, plan);
  }
}

/** @throws AuditConfigurationError when a revision table is too wide, or its name is taken or would be cut off */
export function assertOneTableEach(
  dataSource: DataSource,
  revisions: readonly EntityMetadata[],
  drafts: readonly AuditPlanDraft[],
): void {
  const { maxAliasLength } = dataSource.driver;
  const owners = new Map(
    dataSource.entityMetadatas
      .filter((metadata) => metadata.tableType !== 'entity-child')
      .map((metadata) => [metadata.tablePath, metadata.name]),
  );
  revisions.forEach((revision, at) => {
    const { name, isJunction } = drafts[at].definition.metadata;
    const remedy = isJunction
      ? 'Give the junction table another name with @JoinTable({ name })'
      : 'Give it another @Audited({ tableName })';
    if (maxAliasLength && revision.tableName.length > maxAliasLength)
      throw new AuditConfigurationError(
        `The revision table of ${name} would be "${revision.tableName}", which is longer than the ${maxAliasLength} characters that the database takes. ${remedy}.`,
      );
    const owner = owners.get(revision.tablePath);
    if (owner)
      throw new AuditConfigurationError(
        `The revision table of ${name} would be "${revision.tablePath}", which is the table of ${owner}. ` +
          `${remedy}.`,
      );
    assertFits(dataSource, drafts[at], revision);
    owners.set(revision.tablePath, `the revisions of ${name}`);
  });
}

/** @throws AuditConfigurationError when the application has a table with the name of one of `ours` */
export function assertNamesAreFree(dataSource: DataSource, ours: readonly EntityMetadata[]): void {
  const names = new Set(ours.map(({ tablePath }) => tablePath));
  const other = dataSource.entityMetadatas.find(({ tablePath }) => names.has(tablePath));
  if (other)
    throw new AuditConfigurationError(
      `${other.name} has the table "${other.tablePath}", which nestjs-typeorm-audit needs for itself. Give the entity's table another name.`,
    );
}

function assertFits(
  dataSource: DataSource,
  { definition: { metadata } }: AuditPlanDraft,
  revision: EntityMetadata,
): void {
  const problem = dialectOf(dataSource).catalogue.tooWide(metadata.columns, revision.columns);
  if (problem)
    throw new AuditConfigurationError(
      `The revision table of ${metadata.name} would be too wide: with its own columns, such as rev_id, it has ${problem}. ` +
        `Leave columns out of the history with @Audited({ exclude }) or @NotAudited(), or move some into another entity.`,
    );
}
