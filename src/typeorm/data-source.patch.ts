import { type DataSource, type EntityMetadata, EntitySchema } from 'typeorm';
import { type Driver } from 'typeorm/driver/Driver.js';
import { type EntitySchemaTransformer } from 'typeorm/entity-schema/EntitySchemaTransformer.js';
import { type MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { type EntityMetadataValidator } from 'typeorm/metadata-builder/EntityMetadataValidator.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { StateSlot } from './state-slot.js';
import { typeormVersion } from './version.js';
import { wrapMember } from './wrap-member.js';

/** The metadata that a data source had when revisions were added to it. */
const extended = new StateSlot<EntityMetadata[]>('extended');
const SCHEMA = Symbol.for('nestjs-typeorm-audit:schema');

type Validate = (this: EntityMetadataValidator, metadatas: EntityMetadata[], driver: Driver) => void;
type Transform = (this: EntitySchemaTransformer, schemas: EntitySchema<any>[]) => MetadataArgsStorage;

/** What a data source gets beside its own metadata. */
export interface RevisionMetadatas {
  readonly metadatas: readonly EntityMetadata[];
  /** Further classes by which they are found. */
  readonly aliases: readonly (readonly [EntityMetadata['target'], EntityMetadata])[];
}

/**
 * Makes every data source build the revision metadata of its audited entities after its own.
 *
 * The columns of a revision are only known when TypeORM has resolved the entity's (join columns, embeddeds,
 * inheritance, naming strategy). With entities named by a glob, the entity files are the first to import this library,
 * when `DataSource.buildMetadatas()` is already running. What it calls after it has loaded them is
 * `EntitySchemaTransformer.transform()` and, last of all, `EntityMetadataValidator.validateMany()`, so these two are
 * wrapped: once, whichever copy of this library comes first.
 *
 * @param build the metadata of a data source's revision tables, once its own has been built; none where nothing is
 *   audited
 */
export function extendDataSources(build: (dataSource: DataSource) => RevisionMetadatas): void {
  rememberSchemas();
  wrapMember(
    'EntityMetadataValidator',
    'validateMany',
    (validateMany: Validate): Validate =>
      function (metadatas, driver) {
        validateMany.call(this, metadatas, driver);
        const dataSource = dataSourceOf(metadatas, driver);
        // Others may validate again what has been built.
        if (extended.of(dataSource) === dataSource.entityMetadatas) return;
        addMetadatas(dataSource, build(dataSource));
      },
  );
}

/** The schema that a metadata was built from, if it was and the schema has no class. */
export function schemaOf(metadata: EntityMetadata): EntitySchema | undefined {
  return (metadata.tableMetadataArgs as { [SCHEMA]?: EntitySchema })[SCHEMA];
}

/**
 * Refuses a data source of whose schemas it isn't known whether they are audited.
 *
 * @throws AuditConfigurationError naming the first
 */
export function assertSchemasKnown(
  { entityMetadatas }: DataSource,
  isRevision: (metadata: EntityMetadata) => boolean,
): void {
  const unknown = entityMetadatas.find(
    (metadata) =>
      typeof metadata.target === 'string' &&
      !metadata.isJunction &&
      !metadata.isClosureJunction &&
      !schemaOf(metadata) &&
      !isRevision(metadata),
  );
  if (unknown)
    throw new AuditConfigurationError(
      `The schema ${unknown.name} has not come by EntitySchemaTransformer.transform() of TypeORM ${typeormVersion()}, so ` +
        `it is not known whether it is audited. Use a version of TypeORM that nestjs-typeorm-audit lists among its peer ` +
        `dependencies, and let other libraries' wraps call what they stand around.`,
    );
}

// TypeORM's metadata of a schema without a class knows only the schema's name.
function rememberSchemas(): void {
  wrapMember(
    'EntitySchemaTransformer',
    'transform',
    (transform: Transform): Transform =>
      function (schemas) {
        const storage = transform.call(this, schemas);
        const byName = new Map(schemas.map((schema) => [schema.options.name, schema]));
        for (const table of storage.tables)
          if (typeof table.target === 'string') Object.assign(table, { [SCHEMA]: byName.get(table.target) });
        return storage;
      },
  );
}

function addMetadatas(dataSource: DataSource, { metadatas, aliases }: RevisionMetadatas): void {
  if (metadatas.length === 0) return;
  const all = [...dataSource.entityMetadatas, ...metadatas];
  Object.assign(dataSource, {
    entityMetadatas: all,
    entityMetadatasMap: new Map([...all.map((metadata) => [metadata.target, metadata] as const), ...aliases]),
  });
  extended.set(dataSource, all);
}

// The driver of a derived data source may be that of its base, so it is asked only where there is no metadata.
function dataSourceOf([metadata]: EntityMetadata[], driver: Driver): DataSource {
  // 0.3 knows the data source by another name.
  const { dataSource, connection } = (metadata ?? driver) as unknown as Record<
    'dataSource' | 'connection',
    DataSource
  >;
  return dataSource ?? connection;
}
