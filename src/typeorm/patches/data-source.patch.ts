import { type DataSource, type EntityMetadata, EntitySchema } from 'typeorm';
import { type Driver } from 'typeorm/driver/Driver.js';
import { type EntitySchemaTransformer } from 'typeorm/entity-schema/EntitySchemaTransformer.js';
import { type MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { type EntityMetadataValidator } from 'typeorm/metadata-builder/EntityMetadataValidator.js';
import { AuditConfigurationError } from '../../audit.errors.js';
import { StateSlot } from '../state-slot.js';
import { typeormVersion } from '../version.js';
import { wrapMember } from '../wrap-member.js';

/** The metadata list to which revision metadata was added. */
const extended = new StateSlot<EntityMetadata[]>('extended');
const SCHEMA = Symbol.for('nestjs-typeorm-audit:schema');

type Validate = (this: EntityMetadataValidator, metadatas: EntityMetadata[], driver: Driver) => void;
type Transform = (this: EntitySchemaTransformer, schemas: EntitySchema<any>[]) => MetadataArgsStorage;

/** The revision metadata to add to a data source. */
export interface RevisionMetadatas {
  readonly metadatas: readonly EntityMetadata[];
  /** More classes that TypeORM resolves to these metadatas. */
  readonly aliases: readonly (readonly [EntityMetadata['target'], EntityMetadata])[];
}

/**
 * Makes every data source build the revision metadata of its audited entities after its own metadata.
 *
 * The columns of a revision are only known after TypeORM has resolved the columns of the entity (join columns,
 * embeddeds, inheritance, naming strategy). If a glob names the entities, the entity files are the first to import this
 * library, while `DataSource.buildMetadatas()` is already running. After it has loaded them, it calls
 * `EntitySchemaTransformer.transform()` and, last of all, `EntityMetadataValidator.validateMany()`. So these two are
 * wrapped, once, by the copy of this library that loads first.
 *
 * @param build makes the metadata of a data source's revision tables, after its own metadata; none if nothing is
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
        // Other code may call the validator again on finished metadata.
        if (extended.of(dataSource) === dataSource.entityMetadatas) return;
        addMetadatas(dataSource, build(dataSource));
      },
  );
}

/** The EntitySchema of a metadata, if it was built from a schema without a class. */
export function schemaOf(metadata: EntityMetadata): EntitySchema | undefined {
  return (metadata.tableMetadataArgs as { [SCHEMA]?: EntitySchema })[SCHEMA];
}

/**
 * Refuses a data source with schemas whose audit options are unknown.
 *
 * @throws AuditConfigurationError naming the first schema
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

// TypeORM's metadata of a schema without a class keeps only the schema's name, so keep the schema itself.
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

// A derived data source may share its base's driver, so use the driver only if there is no metadata.
function dataSourceOf([metadata]: EntityMetadata[], driver: Driver): DataSource {
  // TypeORM 0.3 calls it `connection`.
  const { dataSource, connection } = (metadata ?? driver) as unknown as Record<
    'dataSource' | 'connection',
    DataSource
  >;
  return dataSource ?? connection;
}
