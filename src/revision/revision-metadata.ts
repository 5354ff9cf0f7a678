import { type DataSource, type EntityMetadata } from 'typeorm';
import { type EmbeddedMetadata } from 'typeorm/metadata/EmbeddedMetadata.js';
import { type IndexMetadataArgs } from 'typeorm/metadata-args/IndexMetadataArgs.js';
import { MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { EntityMetadataBuilder } from 'typeorm/metadata-builder/EntityMetadataBuilder.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { REVISION_COLUMNS, type RevisionColumns } from './revision-columns.js';
import { revisionTargetOf } from './revision-of.js';
import {
  indexesOfCopy,
  optionsOfCopy,
  isPropertyless,
  ownColumns,
  type RevisionDefinition,
  revisionPropertyPath,
} from './revision-table.js';

/** The metadata of revision tables, in the order of their definitions, as TypeORM would build it from classes. */
export function buildRevisionMetadatas(
  dataSource: DataSource,
  definitions: readonly RevisionDefinition[],
): EntityMetadata[] {
  return definitions.map((definition) => {
    // One builder for each table, because for every table TypeORM searches the columns of all tables of its builder.
    const [built] = new EntityMetadataBuilder(dataSource, storageOf(dataSource, definition)).build();
    assertColumnNames(definition, built);
    return built;
  });
}

function storageOf(dataSource: DataSource, definition: RevisionDefinition): MetadataArgsStorage {
  const storage = new MetadataArgsStorage();
  const { metadata } = definition;
  const target = revisionTargetOf(definition.target ?? '', definition.tableName) as
    string | (new () => object);
  storage.tables.push({
    target,
    name: definition.givenName,
    type: 'regular',
    engine: metadata.engine,
    database: metadata.database,
    schema: metadata.schema,
    synchronize: definition.synchronize,
    // On SQLite TypeORM reads generated keys by last_insert_rowid(). Without a rowid here it stays the audited table's.
    withoutRowid: true,
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
      options: optionsOfCopy(dataSource, column, definition.masks?.get(column)),
    });

  const keys = metadata.primaryColumns.map(revisionPropertyPath);
  storage.indices.push({
    target,
    unique: true,
    columns: [...keys, 'revVersion' satisfies keyof RevisionColumns],
  });
  storage.indices.push({ target, columns: ['revTransaction' satisfies keyof RevisionColumns] });
  if (definition.copyIndexes)
    for (const index of indexesOfCopy(definition))
      storage.indices.push({ target, ...index } as IndexMetadataArgs);
  return storage;
}

// An entity may embed a class twice with different prefixes, so each use gets a class of its own.
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
    typeof original === 'function'
      ? class extends (original as new () => object) {}
      : class EmbeddedRevision {};
  known.set(embedded, type);
  storage.embeddeds.push({
    target: embedded.parentEmbeddedMetadata
      ? embeddedTarget(storage, known, root, embedded.parentEmbeddedMetadata)
      : root,
    propertyName: embedded.propertyName,
    isArray: false,
    // The copied columns already have their full database names.
    prefix: false,
    type: () => type,
  });
  return type;
}

function assertColumnNames({ metadata, columns }: RevisionDefinition, revision: EntityMetadata): void {
  const given: [path: string, name: string][] = [
    ...Object.entries(REVISION_COLUMNS),
    ...columns.map((column): [string, string] => [revisionPropertyPath(column), column.databaseName]),
  ];
  for (const [path, name] of given) {
    const actual = revision.findColumnWithPropertyPath(path)?.databaseName;
    if (actual === name) continue;
    throw new AuditConfigurationError(
      `The naming strategy makes "${actual}" of the column "${name}" in ${revision.tableName}, the revisions of ${metadata.name}. ` +
        `Let its columnName() return a given name unchanged.`,
    );
  }
}
