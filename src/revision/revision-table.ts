import {
  type ColumnOptions,
  type DataSource,
  type EntityMetadata,
  type EntityTarget,
  type ObjectLiteral,
} from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { MAX_ACTOR_LENGTH } from '../audit.options.js';
import { type Mask } from '../dialect/masks/digest-key.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { maskedType } from '../dialect/masks/mask.js';
import { type RevisionColumns } from './revision-columns.js';
import { type RevisionTableName } from './revision-table-name.js';

/** An index of a revision table. TypeORM 0.3 doesn't know index types, and always makes a btree. */
export interface CopyIndex {
  columns: string[];
  type?: string;
}

/** The definition of a revision table. */
export interface RevisionDefinition extends RevisionTableName {
  /** The audited table. */
  metadata: EntityMetadata;
  /** The class or schema with the entity's mark; undefined for a junction table, which has only a name. */
  target: EntityTarget<ObjectLiteral> | undefined;
  /** The columns to copy. */
  columns: readonly ColumnMetadata[];
  /** The masked columns. */
  masks?: ReadonlyMap<ColumnMetadata, Mask>;
  copyIndexes: boolean;
  /** Whether TypeORM synchronizes the table, as it does the audited one. */
  synchronize: boolean;
}

/**
 * The property path of a copied column in a revision: the column's own path. A column without a property (a join
 * column, a discriminator), or one that shares its property with another column, has its database name instead.
 */
export function revisionPropertyPath(column: ColumnMetadata): string {
  return isPropertyless(column) ? column.databaseName : column.propertyPath;
}

/** Whether a copied column has no property path of its own: a foreign key, a discriminator, a tree's column. */
export function isPropertyless(column: ColumnMetadata): boolean {
  return column.isVirtual || sharesProperty(column);
}

// Two children of a single-table inheritance may have embeddeds of the same name with different prefixes.
function sharesProperty({ embeddedMetadata, entityMetadata }: ColumnMetadata): boolean {
  if (!embeddedMetadata || entityMetadata.inheritancePattern !== 'STI') return false;
  const { propertyPath } = embeddedMetadata;
  return (
    entityMetadata.allEmbeddeds.find((other) => other.propertyPath === propertyPath) !== embeddedMetadata
  );
}

/** The options of a revision's own columns. */
export function ownColumns(dataSource: DataSource): Record<keyof RevisionColumns, ColumnOptions> {
  const { own } = dialectOf(dataSource).types;
  return {
    revId: { ...own.uuid, primary: true },
    revCreated: { type: 'double precision' },
    revIsDelete: { type: Boolean },
    revVersion: { type: 'int' },
    revOperation: { type: 'varchar', length: 16 },
    revActor: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    revReason: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    revTransaction: { ...own.uuid },
    revContext: { ...own.json, nullable: true },
    revShape: { type: 'smallint', nullable: true },
  };
}

/**
 * The options of a copied column. It has no default, generation, unique, check, foreign key or ON UPDATE, because the
 * history takes any value that the row had.
 */
export function optionsOfCopy(
  dataSource: DataSource,
  column: ColumnMetadata,
  mask: Mask | undefined,
): ColumnOptions {
  if (mask)
    return {
      name: column.databaseName,
      select: column.isSelect,
      nullable: true,
      ...maskedType(dialectOf(dataSource), mask),
    };
  // Options of MySQL's integers in TypeORM 0.3, removed in 1.x.
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
  return { ...options, ...dialectOf(dataSource).types.copyOptions(column) };
}

/** The indexes to copy. A unique index becomes an ordinary one, because versions of a row repeat its values. */
export function indexesOfCopy({ metadata, columns, masks }: RevisionDefinition): CopyIndex[] {
  const candidates: { columns: ColumnMetadata[]; type?: string }[] = [
    ...metadata.foreignKeys,
    // An index with `synchronize: false` was made by hand: TypeORM knows only its name and columns.
    ...metadata.indices.filter((index) => index.synchronize && !index.isFulltext && !index.isSpatial),
    ...metadata.uniques,
  ];
  const isCopied = (column: ColumnMetadata): boolean => columns.includes(column) && !masks?.get(column);
  const indexes = candidates
    .filter((index) => index.columns.length > 0 && index.columns.every(isCopied))
    .map(({ columns, type }) => ({ columns: columns.map(revisionPropertyPath), type }));
  return [...new Map(indexes.map((index) => [index.columns.join(), index])).values()];
}
