import { type DataSource, QueryBuilder, type QueryRunner, SelectQueryBuilder } from 'typeorm';
import { MigrationExecutor } from 'typeorm/migration/MigrationExecutor.js';
import { type Subject } from 'typeorm/persistence/Subject.js';
import { SubjectExecutor } from 'typeorm/persistence/SubjectExecutor.js';
import { BroadcasterResult } from 'typeorm/subscriber/BroadcasterResult.js';

const PATCHED = Symbol.for('nestjs-typeorm-audit:patched');

type BuilderFactory = (queryBuilder: QueryBuilder<any>) => QueryBuilder<any>;
type BuilderRegistry = {
  registerQueryBuilderClass(name: string, factory: BuilderFactory): void;
  [PATCHED]?: true;
};

/**
 * Puts other builders of writes in the place of TypeORM's own, for good: every `new DataSource()` registers
 * TypeORM's again, which would silently end all recording, so registering under these names is overruled.
 *
 * @param replacements by the names under which TypeORM registers its classes
 */
export function replaceQueryBuilders(replacements: Readonly<Record<string, BuilderFactory>>): void {
  const registry = QueryBuilder as unknown as BuilderRegistry;
  if (registry[PATCHED]) return;
  const register = registry.registerQueryBuilderClass.bind(QueryBuilder);
  registry.registerQueryBuilderClass = (name, factory) => register(name, replacements[name] ?? factory);
  for (const [name, factory] of Object.entries(replacements)) register(name, factory);
  registry[PATCHED] = true;
}

/** One flush of the persistence layer: what a save(), remove(), softRemove() or recover() comes to. */
export interface Flush {
  /** What it writes with. */
  queryRunner: QueryRunner;
  readonly options?: { readonly listeners?: boolean; readonly transaction?: boolean };
  readonly allSubjects: readonly Subject[];
  readonly insertSubjects: readonly Subject[];
  readonly updateSubjects: readonly Subject[];
  readonly removeSubjects: readonly Subject[];
  readonly softRemoveSubjects: readonly Subject[];
  readonly recoverSubjects: readonly Subject[];
}

/** What stands around the flushes. */
export interface FlushExtension {
  execute(flush: Flush, execute: () => Promise<void>): Promise<void>;
  /**
   * It has written all of its rows, and is about to tell the application's hooks, unless those aren't to be told.
   *
   * @returns what the hooks have to wait for
   */
  written(flush: Flush): Promise<void> | undefined;
}

type Executor = Flush & {
  execute(): Promise<void>;
  broadcastAfterEventsForAll(): BroadcasterResult;
  [PATCHED]?: true;
};

/**
 * Lets an extension stand around each flush of the persistence layer.
 *
 * A flush writes with query builders that look like the application's, and what it has written is known when all of
 * its statements have run, or never when one of them fails. Nothing else tells which statements belong together.
 */
export function extendFlushes(extension: FlushExtension): void {
  const prototype = SubjectExecutor.prototype as unknown as Executor;
  if (prototype[PATCHED]) return;
  const { execute, broadcastAfterEventsForAll } = prototype;
  prototype.execute = function (this: Executor) {
    return extension.execute(this, () => execute.call(this));
  };
  prototype.broadcastAfterEventsForAll = function (this: Executor) {
    const written = extension.written(this);
    if (!written) return broadcastAfterEventsForAll.call(this);
    // TypeORM waits for the promises that it finds in the result.
    const result = new BroadcasterResult();
    result.promises.push(
      written.then(async () => {
        await broadcastAfterEventsForAll.call(this).wait();
      }),
    );
    return result;
  };
  prototype[PATCHED] = true;
}

type Obtaining = { obtainQueryRunner(): QueryRunner };

/**
 * Lets a check look at each query builder that is about to be executed, and not at one whose text alone is asked for:
 * the query runner is what all of them obtain first.
 */
export function checkExecutions(check: (builder: QueryBuilder<any>) => void): void {
  const registry = QueryBuilder.prototype as unknown as Obtaining & { [PATCHED]?: true };
  if (Object.hasOwn(registry, PATCHED)) return;
  // A SELECT has one of its own, which asks for another connection.
  for (const { prototype } of [QueryBuilder, SelectQueryBuilder]) {
    const obtaining = prototype as unknown as Obtaining;
    const obtain = obtaining.obtainQueryRunner;
    obtaining.obtainQueryRunner = function (this: Obtaining) {
      check(this as unknown as QueryBuilder<any>);
      return obtain.call(this);
    };
  }
  registry[PATCHED] = true;
}

/** What stands around a run of migrations. */
export interface MigrationExtension {
  run<T>(dataSource: DataSource, migrate: () => Promise<T>): Promise<T>;
}

type Migrate = (this: MigrationExecutor, ...given: unknown[]) => Promise<unknown>;
type Migrations = Record<'executePendingMigrations' | 'undoLastMigration' | 'executeMigration', Migrate> & {
  [PATCHED]?: true;
};

/**
 * Lets an extension stand around each run of migrations, and each revert of one.
 *
 * Neither an event nor a flag of TypeORM's tells that they run: `beforeMigration()` of a query runner is not called
 * for those that run without a transaction.
 */
export function extendMigrations(extension: MigrationExtension): void {
  const prototype = MigrationExecutor.prototype as unknown as Migrations;
  if (prototype[PATCHED]) return;
  for (const name of ['executePendingMigrations', 'undoLastMigration', 'executeMigration'] as const) {
    const migrate = prototype[name];
    prototype[name] = function (this: MigrationExecutor, ...given: unknown[]) {
      // 0.3 knows the data source by another name.
      const { dataSource, connection } = this as unknown as Record<'dataSource' | 'connection', DataSource>;
      return extension.run(dataSource ?? connection, () => migrate.apply(this, given));
    };
  }
  prototype[PATCHED] = true;
}
