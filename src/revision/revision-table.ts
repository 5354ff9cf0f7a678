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

/** An index of a revision table. TypeORM 0.3 doesn't know its type, and makes a btree of each. */
export interface CopiedIndex {
  columns: string[];
  type?: string;
}

/** What a revision table is to be made of. */
export interface RevisionDefinition extends RevisionTableName {
  /** The audited table. */
  metadata: EntityMetadata;
  /** What marks the entity; undefined for a junction table, which nothing but its name stands for. */
  target: EntityTarget<ObjectLiteral> | undefined;
  /** The columns to copy. */
  columns: readonly ColumnMetadata[];
  /** Those whose copies don't have the value. */
  masks?: ReadonlyMap<ColumnMetadata, Mask>;
  copyIndexes: boolean;
  /** Whether TypeORM is to keep the table in step, as it does the audited one. */
  synchronize: boolean;
}

/**
 * Where a copied column is found in a revision: at its own property path, or, where it has no property
 * (a join column, a discriminator) or shares it with another column, under its database name.
 */
export function revisionPropertyPath(column: ColumnMetadata): string {
  return isPropertyless(column) ? column.databaseName : column.propertyPath;
}

/** Whether a copied column has no property path of its own: a foreign key, a discriminator, a tree's column. */
export function isPropertyless(column: ColumnMetadata): boolean {
  return column.isVirtual || sharesProperty(column);
}

// Two children of a single-table inheritance may embed something under one name, with a prefix each.
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
  };
}

/**
 * The options of a copied column: no default, generation, unique, check, foreign key or ON UPDATE, because the history
 * takes what the row had.
 */
export function copiedOptions(
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
  return { ...options, ...dialectOf(dataSource).types.copyOptions(column) };
}

/** The indexes to copy; unique ones as ordinary ones, as a value may come back in every version of its row. */
export function copiedIndexes({ metadata, columns, masks }: RevisionDefinition): CopiedIndex[] {
  const candidates: { columns: ColumnMetadata[]; type?: string }[] = [
    ...metadata.foreignKeys,
    // What TypeORM is told not to synchronize is made by hand, and only its name and columns are known here.
    ...metadata.indices.filter((index) => index.synchronize && !index.isFulltext && !index.isSpatial),
    ...metadata.uniques,
  ];
  const isCopied = (column: ColumnMetadata): boolean => columns.includes(column) && !masks?.get(column);
  const indexes = candidates
    .filter((index) => index.columns.length > 0 && index.columns.every(isCopied))
    .map(({ columns, type }) => ({ columns: columns.map(revisionPropertyPath), type }));
  return [...new Map(indexes.map((index) => [index.columns.join(), index])).values()];
}
