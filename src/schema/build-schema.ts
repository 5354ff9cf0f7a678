import { type DataSource, type EntityMetadata, Table } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { findAuditPlans } from '../audited/audit-plans.js';
import { type OwnTables } from '../revision/own-tables.js';
import { REVISION_COLUMNS } from '../revision/revision-columns.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type Schema } from '../dialect/schema/schema.js';
import { type ColumnChanges, watchColumns } from '../typeorm/column-changes.js';
import { type SchemaBuild, type SchemaExtension } from '../typeorm/patches/schema-builder.patch.js';
import {
  addLastOfDown,
  addStatements,
  type SchemaStatements,
  statementsOf,
} from '../typeorm/schema-statements.js';
import { dropColumns } from './drop-columns.js';
import { addColumns, fitColumns } from './fit-columns.js';
import { createIndices, dropIndices } from './fit-indices.js';
import { renameAuditedColumns } from './rename-audited-columns.js';
import { noteEmptied } from './note-emptied.js';
import { type Rename, renameColumns } from './rename-columns.js';
import { ShapeRegistry } from './shape-registry.js';
import { joined, TableDraft } from './table-draft.js';
import { warnOfLosses } from './warn-of-losses.js';

/**
 * Changes this library's tables in place of TypeORM, so that they keep all that was ever recorded. What is done to them
 * follows from what TypeORM does to the audited tables.
 */
export const schemaExtension: SchemaExtension = {
  isOwn: (dataSource, metadata) => findAuditPlans(dataSource)?.isRevision(metadata) ?? false,

  async build(build) {
    const plans = findAuditPlans(build.dataSource);
    if (!plans?.own) return build.synchronize();
    const synchronized = plans.all.filter(({ revision }) => revision.synchronize);
    const declared = await renameAuditedColumns(build, synchronized);
    const columns = columnsOf(build, synchronized);
    const changes = await watchColumns(build.queryRunner, () => build.synchronize());
    const run = new SchemaRun(build, plans.own);
    const { own, emptied } = await run.statements(synchronized, columns, changes, declared);
    await addStatements(build.queryRunner, own);
    await addStatements(build.queryRunner, { up: emptied.up, down: [] });
    // TypeORM has added its own statements by now, and the rows are to be looked at after them.
    addLastOfDown(build.queryRunner, emptied.down);
    warnOfLosses(build, synchronized, changes);
  },
};

/** The columns that the audited tables have. */
function columnsOf({ tableOf }: SchemaBuild, plans: readonly AuditPlan[]): Map<AuditPlan, Set<string>> {
  return new Map(
    plans.map((plan) => [plan, new Set(tableOf(plan.metadata)?.columns.map(({ name }) => name))]),
  );
}

/** The changes of this library's tables in one run of the schema builder. */
class SchemaRun {
  private readonly dataSource: DataSource;
  private readonly schema: Schema;
  private readonly registry: ShapeRegistry;

  constructor(
    private readonly build: SchemaBuild,
    private readonly own: OwnTables,
  ) {
    this.dataSource = build.dataSource;
    this.schema = dialectOf(build.dataSource).schema;
    this.registry = new ShapeRegistry(build.dataSource, own.shape);
  }

  async statements(
    plans: readonly AuditPlan[],
    before: ReadonlyMap<AuditPlan, ReadonlySet<string>>,
    changes: ColumnChanges,
    declared: ReadonlyMap<AuditPlan, readonly Rename[]>,
  ): Promise<{ readonly own: SchemaStatements; readonly emptied: SchemaStatements }> {
    const { build, own, registry } = this;
    const tables = [...Object.values(own), ...plans.map(({ revision }) => revision)];
    const drafts = await this.drafts(tables);
    if (build.tableOf(own.shape)) await registry.read(build.queryRunner);
    const created: SchemaStatements[] = [];
    const emptied: SchemaStatements[] = [];
    for (const table of tables) if (!drafts.has(table)) created.push(await this.creation(table));
    for (const table of Object.values(own)) {
      const draft = drafts.get(table);
      if (!draft) continue;
      addColumns(this.dataSource, draft);
      await createIndices(build.queryRunner, draft, this.schema);
    }
    for (const plan of plans) {
      const draft = drafts.get(plan.revision);
      const audited = build.tableOf(plan.metadata);
      const observed = changes.renamed
        .filter(({ table }) => table.name === audited?.name)
        .map(({ name, to }): Rename => [name, to]);
      if (draft) {
        const renames = [...(declared.get(plan) ?? []), ...observed];
        emptied.push(noteEmptied(build, draft, plan, changes, renames, own.maintenance));
        await this.evolve(draft, plan, renames);
      }
      const renamedHere = new Set(observed.map(([, to]) => to));
      registry.add(plan, (name) => before.get(plan)!.has(name) || renamedHere.has(name));
    }
    return {
      own: joined([
        ...created,
        ...[...drafts.values()].map(({ statements }) => statements),
        registry.inserts,
      ]),
      emptied: joined(emptied),
    };
  }

  /** The tables that are there. */
  private async drafts(tables: readonly EntityMetadata[]): Promise<Map<EntityMetadata, TableDraft>> {
    const { catalogue } = dialectOf(this.dataSource);
    const there = tables.flatMap((metadata) => {
      const table = this.build.tableOf(metadata);
      return table ? [{ metadata, table }] : [];
    });
    if (there.length === 0) return new Map();
    const paths = there.map(({ metadata }) => metadata.tablePath);
    const columns = await catalogue.read(this.build.queryRunner, paths);
    return new Map(
      there.map(({ metadata, table }, at) => [
        metadata,
        new TableDraft(metadata, table, columns[at], catalogue),
      ]),
    );
  }

  private async creation(metadata: EntityMetadata): Promise<SchemaStatements> {
    const { queryRunner } = this.build;
    const table = Table.create(metadata, this.dataSource.driver);
    const { up } = await statementsOf(queryRunner, () => queryRunner.createTable(table, false, false));
    return {
      up: up.map((statement) => this.schema.createTable(statement)),
      down: [],
    };
  }

  private async evolve(draft: TableDraft, plan: AuditPlan, renames: readonly Rename[]): Promise<void> {
    const { dataSource, schema, registry } = this;
    const { queryRunner } = this.build;
    const isFromBefore = !draft.find(REVISION_COLUMNS.revShape);
    renameColumns(draft, plan, renames, schema, registry);
    fitColumns(dataSource, draft, plan, registry);
    await dropIndices(queryRunner, draft, schema);
    dropColumns(dataSource, draft, plan, this.own.maintenance, registry);
    allowNulls(draft, schema);
    await createIndices(queryRunner, draft, schema);
    if (isFromBefore) registry.addFirst(plan, draft.copiedBefore);
  }
}

// A kept column of a former key has no value in new revisions.
function allowNulls(draft: TableDraft, schema: Schema): void {
  const required = draft.metadata.columns.filter(({ isNullable }) => !isNullable);
  for (const { name, type, isOptional } of [...draft.all]) {
    if (isOptional || required.some(({ databaseName }) => draft.isSame(databaseName, name))) continue;
    draft.add({ up: schema.allowNull(draft.place(name), type, draft.keptNames(name)[1]) });
    draft.change(name, { isNullable: true, isOptional: true });
  }
}
