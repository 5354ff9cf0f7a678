import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InsertQueryBuilder, QueryBuilder, SelectQueryBuilder } from 'typeorm';
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
import { AuditConfigurationError } from '../audit.errors.js';

/** Methods of TypeORM's that have to be there: those that the library stands around, and those that it calls. */
export interface Members {
  readonly owner: string;
  readonly of: object;
  readonly names: readonly string[];
}

const of = ({ name, prototype }: { name: string; prototype: object }, names: readonly string[]): Members => ({
  owner: name,
  of: prototype,
  names,
});

/** All that recording stands on and TypeORM may rename: what is wrapped or called is named here, or it isn't checked. */
export const TYPEORM_MEMBERS: readonly Members[] = [
  of(EntityMetadataValidator, ['validateMany']),
  of(EntitySchemaTransformer, ['transform']),
  of(SubjectExecutor, ['execute', 'broadcastAfterEventsForAll']),
  of(MigrationExecutor, ['executePendingMigrations', 'undoLastMigration', 'executeMigration']),
  { owner: 'QueryBuilder', of: QueryBuilder, names: ['registerQueryBuilderClass'] },
  of(QueryBuilder, [
    'obtainQueryRunner',
    'getTableName',
    'getMainTableName',
    'getParameters',
    'createCteExpression',
    'createWhereExpression',
    'replacePropertyNamesForTheWholeQuery',
  ]),
  of(SelectQueryBuilder, ['obtainQueryRunner']),
  of(InsertQueryBuilder, ['execute', 'createReturningExpression']),
  ...[UpdateQueryBuilder, DeleteQueryBuilder, SoftDeleteQueryBuilder].map((builder) =>
    of(builder, ['execute', 'createReturningExpression', 'where', 'whereInIds']),
  ),
  ...[PostgresQueryRunner, MysqlQueryRunner, BetterSqlite3QueryRunner, SqljsQueryRunner].map((runner) =>
    of(runner, ['query', 'stream', 'release', 'connect', 'clearTable']),
  ),
];

/**
 * Refuses to record over a TypeORM that has renamed what recording stands on: writes would pass unrecorded in silence.
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

/** The first of them that isn't a function. */
export function missingTypeormMember(): string | undefined {
  for (const { owner, of: bearer, names } of TYPEORM_MEMBERS)
    for (const name of names)
      if (typeof (bearer as Record<string, unknown>)[name] !== 'function') return `${owner}.${name}`;
  return undefined;
}

// TypeORM exports neither its version nor its package.json, but that lies beside what it exports.
function typeormVersion(): string {
  try {
    const { resolve } = createRequire(join(process.cwd(), 'package.json'));
    const { version } = JSON.parse(
      readFileSync(join(dirname(resolve('typeorm')), 'package.json'), 'utf8'),
    ) as {
      version: string;
    };
    return version;
  } catch {
    return '(its version could not be read)';
  }
}
