import {
  type ColumnOptions,
  type DataSource,
  type EntityMetadata,
  type EntityTarget,
  type ObjectLiteral,
} from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type EmbeddedMetadata } from 'typeorm/metadata/EmbeddedMetadata.js';
import { type IndexMetadata } from 'typeorm/metadata/IndexMetadata.js';
import { type IndexMetadataArgs } from 'typeorm/metadata-args/IndexMetadataArgs.js';
import { MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { EntityMetadataBuilder } from 'typeorm/metadata-builder/EntityMetadataBuilder.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { MAX_ACTOR_LENGTH, REVISION_COLUMNS, type RevisionColumns } from './revision-columns.js';
import { revisionTargetOf } from './revision-of.js';

/** What a revision table is to be made of. */
export interface RevisionDefinition {
  /** The audited table. */
  metadata: EntityMetadata;
  /** What marks the entity; undefined for a junction table, which nothing but its name stands for. */
  target: EntityTarget<ObjectLiteral> | undefined;
  /** Without `entityPrefix`. */
  tableName: string;
  /** The columns to copy. */
  columns: readonly ColumnMetadata[];
  copyIndexes: boolean;
}

/** The metadata of revision tables, in the order of their definitions, as TypeORM would have built it from classes. */
export function buildRevisionMetadatas(
  dataSource: DataSource,
  definitions: readonly RevisionDefinition[],
): EntityMetadata[] {
  if (definitions.length === 0) return [];
  const storage = new MetadataArgsStorage();
  for (const definition of definitions) addToStorage(storage, dataSource, definition);
  const built = new EntityMetadataBuilder(dataSource, storage).build();
  definitions.forEach((definition, at) => assertSameColumnNames(definition, built[at]));
  return built;
}

/**
 * Where a copied column is found in a revision: at its own property path, or, where it has no property
 * (a join column, a discriminator), under its database name.
 */
export function revisionPropertyPath(column: ColumnMetadata): string {
  return isPropertyless(column) ? column.databaseName : column.propertyPath;
}

function isPropertyless(column: ColumnMetadata): boolean {
  return column.isVirtual;
}

function addToStorage(
  storage: MetadataArgsStorage,
  dataSource: DataSource,
  definition: RevisionDefinition,
): void {
  const { metadata } = definition;
  const target = revisionTargetOf(definition.target ?? '', definition.tableName) as string | (new () => object);
  storage.tables.push({
    target,
    name: definition.tableName,
    type: 'regular',
    engine: metadata.engine,
    database: metadata.database,
    schema: metadata.schema,
    synchronize: metadata.synchronize,
  });
  for (const [propertyName, options] of Object.entries(ownColumns(dataSource)))
    storage.columns.push({
      target,
      mode: 'regular',
      propertyName,
      options: { ...options, name: REVISION_COLUMNS[propertyName as keyof RevisionColumns] },
    });

  const embeddedTargets = new Map<EmbeddedMetadata, new () => object>();
  for (const column of definition.columns)
    storage.columns.push({
      target:
        column.embeddedMetadata && !isPropertyless(column)
          ? embeddedTarget(storage, embeddedTargets, target, column.embeddedMetadata)
          : target,
      mode: 'regular',
      propertyName: isPropertyless(column) ? column.databaseName : column.propertyName,
      options: copiedOptions(dataSource, column),
    });

  const keys = metadata.primaryColumns.map(revisionPropertyPath);
  storage.indices.push({ target, unique: true, columns: [...keys, 'revVersion' satisfies keyof RevisionColumns] });
  storage.indices.push({ target, columns: ['revTransaction' satisfies keyof RevisionColumns] });
  if (definition.copyIndexes) for (const index of copiedIndexes(definition)) storage.indices.push({ target, ...index });
}

// An embedded class may be used twice with different prefixes, so each use gets a class of its own.
function embeddedTarget(
  storage: MetadataArgsStorage,
  known: Map<EmbeddedMetadata, new () => object>,
  root: string | (new () => object),
  embedded: EmbeddedMetadata,
): new () => object {
  const existing = known.get(embedded);
  if (existing) return existing;
  const original: unknown = embedded.type;
  const type =
    typeof original === 'function' ? class extends (original as new () => object) {} : class EmbeddedRevision {};
  known.set(embedded, type);
  storage.embeddeds.push({
    target: embedded.parentEmbeddedMetadata
      ? embeddedTarget(storage, known, root, embedded.parentEmbeddedMetadata)
      : root,
    propertyName: embedded.propertyName,
    isArray: false,
    // The copied columns come with their whole database names.
    prefix: false,
    type: () => type,
  });
  return type;
}

function ownColumns(dataSource: DataSource): Record<keyof RevisionColumns, ColumnOptions> {
  const { columnTypes } = dialectOf(dataSource);
  return {
    revId: { ...columnTypes.uuid, primary: true },
    revCreated: { type: 'double precision' },
    revIsDelete: { type: Boolean },
    revVersion: { type: 'int' },
    revOperation: { type: 'varchar', length: 16 },
    revActor: { type: 'varchar', length: MAX_ACTOR_LENGTH, nullable: true },
    revReason: { type: 'varchar', length: MAX_ACTOR_LENGTH, nullable: true },
    revTransaction: { ...columnTypes.uuid },
    revContext: { ...columnTypes.json, nullable: true },
  };
}

// No default, generation, unique, check, foreign key or ON UPDATE: the history takes what the row had.
function copiedOptions(dataSource: DataSource, column: ColumnMetadata): ColumnOptions {
  // TypeORM 0.3 has these two for MySQL's integers, 1.x no longer.
  const { width, zerofill } = column as ColumnMetadata & { width?: number; zerofill?: boolean };
  const options: ColumnOptions & { width?: number; zerofill?: boolean } = {
    name: column.databaseName,
    type: column.type,
    length: column.length || undefined,
    precision: column.precision,
    scale: column.scale,
    charset: column.charset,
    collation: column.collation,
    unsigned: column.unsigned,
    width,
    zerofill: zerofill || undefined,
    array: column.isArray,
    hstoreType: column.hstoreType,
    spatialFeatureType: column.spatialFeatureType,
    srid: column.srid,
    utc: column.utc,
    transformer: column.transformer,
    select: column.isSelect,
    nullable: !column.isPrimary,
  };
  return { ...options, ...dialectOf(dataSource).copiedType(column) };
}

// Unique ones as ordinary ones: a value may come back in every version of its row.
function copiedIndexes({ metadata, columns }: RevisionDefinition): Pick<IndexMetadataArgs, 'columns' | 'type'>[] {
  const candidates: Pick<IndexMetadata, 'columns' | 'type'>[] = [
    ...metadata.foreignKeys,
    // What TypeORM is told not to synchronize is made by hand, and only its name and columns are known here.
    ...metadata.indices.filter((index) => index.synchronize && !index.isFulltext && !index.isSpatial),
    ...metadata.uniques,
  ];
  const indexes = candidates
    .filter((index) => index.columns.length > 0 && index.columns.every((column) => columns.includes(column)))
    .map(({ columns, type }) => ({ columns: columns.map(revisionPropertyPath), type }));
  return [...new Map(indexes.map((index) => [index.columns.join(), index])).values()];
}

function assertSameColumnNames(definition: RevisionDefinition, revision: EntityMetadata): void {
  for (const column of definition.columns) {
    const copy = revision.findColumnWithPropertyPath(revisionPropertyPath(column));
    if (copy?.databaseName === column.databaseName) continue;
    throw new AuditConfigurationError(
      `The naming strategy names the column ${definition.metadata.name}.${column.propertyPath} ` +
        `"${column.databaseName}", but its copy in ${revision.tableName} "${copy?.databaseName}". ` +
        `Let columnName() return a given name unchanged.`,
    );
  }
}
