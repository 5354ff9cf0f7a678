import { type DataSource, type EntityMetadata, type InsertQueryBuilder, type QueryRunner } from 'typeorm';
import { Subject } from 'typeorm/persistence/Subject.js';
import { SubjectExecutor } from 'typeorm/persistence/SubjectExecutor.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { typeormVersion } from './version.js';

/** Properties that an object of TypeORM must have. */
export interface Fields {
  readonly owner: string;
  readonly of: object;
  readonly names: readonly string[];
}

const DATA_SOURCE = ['driver', 'entityMetadatas', 'logger', 'options', 'subscribers'];
const DRIVER = ['escape', 'escapeQueryWithParameters', 'parseTableName', 'preparePersistentValue'];
const EXECUTOR = [
  ...['allSubjects', 'insertSubjects', 'updateSubjects', 'removeSubjects', 'softRemoveSubjects'],
  ...['recoverSubjects', 'queryRunner', 'options'],
];
const EXPRESSION_MAP = [
  ...['callListeners', 'commonTableExpressions', 'mainAlias', 'onIgnore', 'onUpdate', 'queryType'],
  ...['updateEntity', 'valuesSet', 'whereEntities', 'wheres'],
];
const SUBJECT = [
  ...[
    'diffColumns',
    'diffRelations',
    'entity',
    'identifier',
    'metadata',
    'parentSubject',
    'mustBeInserted',
    'mustBeRecovered',
    'mustBeRemoved',
  ],
  ...['mustBeSoftRemoved', 'mustBeUpdated'],
];
const METADATA = [
  ...[
    'columns',
    'foreignKeys',
    'indices',
    'inheritanceTree',
    'isJunction',
    'name',
    'primaryColumns',
    'tableName',
  ],
  ...['tableMetadataArgs', 'tablePath', 'tableType', 'target', 'treeType', 'uniques'],
];
const COLUMN = [
  'databaseName',
  'entityMetadata',
  'getEntityValue',
  'isGenerated',
  'isUpdate',
  'propertyName',
];
const FOREIGN_KEY = ['columns', 'entityMetadata', 'onDelete', 'onUpdate', 'referencedColumns'];
const QUERY_RUNNER = ['broadcaster', 'driver', 'isReleased', 'isTransactionActive', 'manager'];

/**
 * The properties of TypeORM's objects that recording reads, on existing objects or samples. Runs no query.
 *
 * @param metadata the metadata of an audited table
 */
export function typeormFields(dataSource: DataSource, metadata: EntityMetadata): Fields[] {
  const insert = dataSource.createQueryBuilder().insert().into(metadata.target).values({}).orUpdate([], []);
  const { expressionMap } = insert;
  const subject = new Subject({ metadata, canBeInserted: true });
  const foreignKey = dataSource.entityMetadatas.flatMap(({ foreignKeys }) => foreignKeys).at(0);
  return [
    { owner: 'DataSource', of: dataSource, names: DATA_SOURCE },
    { owner: 'Driver', of: dataSource.driver, names: DRIVER },
    { owner: 'QueryExpressionMap', of: expressionMap, names: EXPRESSION_MAP },
    ...insertFromSelect(dataSource, insert),
    { owner: 'Alias', of: expressionMap.mainAlias ?? {}, names: ['hasMetadata', 'metadata'] },
    { owner: 'Subject', of: subject, names: SUBJECT },
    { owner: 'SubjectExecutor', of: new SubjectExecutor({} as QueryRunner, [], {}), names: EXECUTOR },
    { owner: 'Subject', of: isFoundBy('databaseEntity', subject), names: ['databaseEntity'] },
    { owner: 'EntityMetadata', of: metadata, names: METADATA },
    { owner: 'ColumnMetadata', of: metadata.primaryColumns[0], names: COLUMN },
    ...(foreignKey ? [{ owner: 'ForeignKeyMetadata', of: foreignKey, names: FOREIGN_KEY }] : []),
  ];
}

/** The properties of a query runner that recording reads. */
export function queryRunnerFields(queryRunner: QueryRunner): Fields[] {
  return [{ owner: 'QueryRunner', of: queryRunner, names: QUERY_RUNNER }];
}

/** @throws AuditConfigurationError naming TypeORM's version and the first missing property */
export function assertFields(all: readonly Fields[]): void {
  for (const { owner, of, names } of all)
    for (const name of names)
      if (!(name in of))
        throw new AuditConfigurationError(
          `${owner} of TypeORM ${typeormVersion()} has no ${name}, so writes can't be recorded. Use a version of TypeORM ` +
            `that nestjs-typeorm-audit lists among its peer dependencies.`,
        );
}

// TypeORM 0.3 has no INSERT … SELECT.
function insertFromSelect(dataSource: DataSource, insert: InsertQueryBuilder<any>): Fields[] {
  if (typeof insert.valuesFromSelect !== 'function') return [];
  const { expressionMap } = insert.clone().valuesFromSelect(dataSource.createQueryBuilder().select('1'));
  return [{ owner: 'QueryExpressionMap', of: expressionMap, names: ['insertFromSelect'] }];
}

// TypeORM sets `databaseEntity` when it has loaded the row. A subject with it is not inserted.
function isFoundBy(name: 'databaseEntity', subject: Subject): object {
  subject[name] = {};
  return subject.mustBeInserted ? {} : { [name]: true };
}
