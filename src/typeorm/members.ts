import { EntityManager, InsertQueryBuilder, QueryBuilder, SelectQueryBuilder } from 'typeorm';
import { EntitySchemaTransformer } from 'typeorm/entity-schema/EntitySchemaTransformer.js';
import { EntityMetadataValidator } from 'typeorm/metadata-builder/EntityMetadataValidator.js';
import { MigrationExecutor } from 'typeorm/migration/MigrationExecutor.js';
import { SubjectExecutor } from 'typeorm/persistence/SubjectExecutor.js';
import { DeleteQueryBuilder } from 'typeorm/query-builder/DeleteQueryBuilder.js';
import { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
import { UpdateQueryBuilder } from 'typeorm/query-builder/UpdateQueryBuilder.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { MysqlQueryRunner } from 'typeorm/driver/mysql/MysqlQueryRunner.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import { SqljsQueryRunner } from 'typeorm/driver/sqljs/SqljsQueryRunner.js';
import { RdbmsSchemaBuilder } from 'typeorm/schema-builder/RdbmsSchemaBuilder.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { typeormVersion } from './version.js';

/** The methods that a class of TypeORM must have. */
export interface Members<Wrapped extends string = string, Called extends string = string> {
  readonly owner: string;
  /** The class itself, or its prototype. */
  readonly of: object;
  /** The methods that the library wraps. `wrapMember()` accepts no others. */
  readonly wrapped: readonly Wrapped[];
  /** The methods that the library calls, or overrides in a subclass. */
  readonly called: readonly Called[];
}

const SCHEMA_METHODS = [
  ...(['executeQueries', 'createTable', 'createIndex', 'dropIndex'] as const),
  ...(['renameColumn', 'changeColumn', 'dropColumn', 'dropColumns', 'addColumns'] as const),
] as const;

/** All methods that recording relies on and a later TypeORM may rename. */
export const TYPEORM_MEMBERS = {
  EntityMetadataValidator: methods(EntityMetadataValidator, ['validateMany']),
  EntitySchemaTransformer: methods(EntitySchemaTransformer, ['transform']),
  EntityManager: methods(EntityManager, ['clear'], ['createQueryBuilder']),
  SubjectExecutor: methods(SubjectExecutor, ['execute', 'broadcastAfterEventsForAll']),
  MigrationExecutor: methods(MigrationExecutor, [
    'executePendingMigrations',
    'undoLastMigration',
    'executeMigration',
  ]),
  RdbmsSchemaBuilder: methods(
    RdbmsSchemaBuilder,
    ['executeSchemaSyncOperationsInProperOrder'],
    ['getTablePath'],
  ),
  QueryBuilders: statics(QueryBuilder, ['registerQueryBuilderClass']),
  QueryBuilder: methods(
    QueryBuilder,
    ['obtainQueryRunner'],
    [
      'insert',
      'update',
      'delete',
      'softDelete',
      'restore',
      'getTableName',
      'getMainTableName',
      'getParameters',
      'createCteExpression',
      'createWhereExpression',
      'replacePropertyNamesForTheWholeQuery',
    ],
  ),
  SelectQueryBuilder: methods(SelectQueryBuilder, ['obtainQueryRunner'], ['getRawMany']),
  InsertQueryBuilder: methods(
    InsertQueryBuilder,
    [],
    ['execute', 'createReturningExpression', 'into', 'values'],
  ),
  UpdateQueryBuilder: methods(
    UpdateQueryBuilder,
    [],
    [
      ...(['execute', 'createReturningExpression', 'where', 'whereInIds'] as const),
      ...(['createOrderByExpression', 'createLimitExpression'] as const),
    ],
  ),
  DeleteQueryBuilder: methods(
    DeleteQueryBuilder,
    [],
    ['execute', 'createReturningExpression', 'where', 'whereInIds'],
  ),
  SoftDeleteQueryBuilder: methods(
    SoftDeleteQueryBuilder,
    [],
    [
      ...(['execute', 'createReturningExpression', 'where', 'whereInIds'] as const),
      ...(['createOrderByExpression', 'createLimitExpression'] as const),
    ],
  ),
  PostgresQueryRunner: methods(
    PostgresQueryRunner,
    ['query', 'release', 'stream', 'clearTable'],
    ['connect', ...SCHEMA_METHODS],
  ),
  MysqlQueryRunner: methods(
    MysqlQueryRunner,
    ['query', 'release', 'stream', 'clearTable'],
    ['connect', ...SCHEMA_METHODS],
  ),
  // Their stream() only throws "not supported", so it needs no wrap.
  BetterSqlite3QueryRunner: methods(
    BetterSqlite3QueryRunner,
    ['query', 'release', 'clearTable'],
    ['connect', ...SCHEMA_METHODS],
  ),
  SqljsQueryRunner: methods(
    SqljsQueryRunner,
    ['query', 'release', 'clearTable'],
    ['connect', ...SCHEMA_METHODS],
  ),
};

type Table = typeof TYPEORM_MEMBERS;
/** The name of a class in the table. */
export type Owner = keyof Table;
export type WrappedOf<O extends Owner> = Table[O]['wrapped'][number];
export type CheckedOf<O extends Owner> = Table[O]['wrapped' | 'called'][number];

/**
 * Refuses a TypeORM that lacks one of the methods, because writes would go unrecorded in silence.
 *
 * @throws AuditConfigurationError naming the version and the member
 */
export function assertTypeormMembers(): void {
  const missing = missingTypeormMember();
  if (missing)
    throw new AuditConfigurationError(
      `${missing}() of TypeORM ${typeormVersion()} is not a function, so writes can't be recorded. Use a version of ` +
        `TypeORM that nestjs-typeorm-audit lists among its peer dependencies.`,
    );
}

/** The first member of the table that isn't a function. */
export function missingTypeormMember(): string | undefined {
  for (const { owner, of, wrapped, called } of Object.values<Members>(TYPEORM_MEMBERS))
    for (const name of [...wrapped, ...called])
      if (typeof (of as Record<string, unknown>)[name] !== 'function') return `${owner}.${name}`;
  return undefined;
}

function methods<const W extends string, const C extends string = never>(
  { name, prototype }: { name: string; prototype: object },
  wrapped: readonly W[],
  called: readonly C[] = [],
): Members<W, C> {
  return { owner: name, of: prototype, wrapped, called };
}

function statics<const W extends string>(
  owner: { name: string } & object,
  wrapped: readonly W[],
): Members<W, never> {
  return { owner: owner.name, of: owner, wrapped, called: [] };
}
