import {
  type DataSource,
  type EntityManager,
  type EntityTarget,
  QueryBuilder,
  type QueryRunner,
} from 'typeorm';
import { type MigrationExecutor } from 'typeorm/migration/MigrationExecutor.js';
import { type Subject } from 'typeorm/persistence/Subject.js';
import { BroadcasterResult } from 'typeorm/subscriber/BroadcasterResult.js';
import { type WrappedOf } from '../members.js';
import { wrapMember } from '../wrap-member.js';
import { extendQueryRunners } from './query-runner.patch.js';

type BuilderFactory = (queryBuilder: QueryBuilder<any>) => QueryBuilder<any>;
type Register = (this: typeof QueryBuilder, name: string, factory: BuilderFactory) => void;

/**
 * Replaces TypeORM's query builders of writes permanently. Every `new DataSource()` registers TypeORM's own builders
 * again, which would silently end all recording, so a registration under these names is overruled.
 *
 * @param replacements by the names under which TypeORM registers its builders
 */
export function replaceQueryBuilders(replacements: Readonly<Record<string, BuilderFactory>>): void {
  const isWrapped = wrapMember(
    'QueryBuilders',
    'registerQueryBuilderClass',
    (register: Register): Register =>
      function (name, factory) {
        register.call(this, name, replacements[name] ?? factory);
      },
  );
  if (!isWrapped) return;
  for (const [name, factory] of Object.entries(replacements))
    QueryBuilder.registerQueryBuilderClass(name, factory);
}

/** One run of TypeORM's SubjectExecutor, for a save(), remove(), softRemove() or recover(). */
export interface Flush {
  /** The query runner of its statements. */
  queryRunner: QueryRunner;
  readonly options?: { readonly listeners?: boolean; readonly transaction?: boolean };
  readonly allSubjects: readonly Subject[];
  readonly insertSubjects: readonly Subject[];
  readonly updateSubjects: readonly Subject[];
  readonly removeSubjects: readonly Subject[];
  readonly softRemoveSubjects: readonly Subject[];
  readonly recoverSubjects: readonly Subject[];
}

/** Wraps flushes. */
export interface FlushExtension {
  execute(flush: Flush, execute: () => Promise<void>): Promise<void>;
  /**
   * Called when the flush has written all of its rows, before the application's hooks run (if they run).
   *
   * @returns a promise that the hooks wait for
   */
  written(flush: Flush): Promise<void> | undefined;
}

type Executor = Flush & {
  execute(): Promise<void>;
  broadcastAfterEventsForAll(): BroadcasterResult;
};

/**
 * Wraps each flush of TypeORM's persistence layer.
 *
 * A flush uses the same query builders as the application. Its writes are known when all of its statements have run, or
 * never if one fails. Nothing else tells which statements belong together.
 */
export function extendFlushes(extension: FlushExtension): void {
  wrapMember(
    'SubjectExecutor',
    'execute',
    (execute: Executor['execute']) =>
      function (this: Executor) {
        return extension.execute(this, () => execute.call(this));
      },
  );
  wrapMember(
    'SubjectExecutor',
    'broadcastAfterEventsForAll',
    (broadcast: Executor['broadcastAfterEventsForAll']) =>
      function (this: Executor) {
        const written = extension.written(this);
        if (!written) return broadcast.call(this);
        // TypeORM awaits the promises in the result.
        const result = new BroadcasterResult();
        result.promises.push(
          written.then(async () => {
            await broadcast.call(this).wait();
          }),
        );
        return result;
      },
  );
}

/** Wraps runs of migrations. */
export interface MigrationExtension {
  run<T>(dataSource: DataSource, migrate: () => Promise<T>): Promise<T>;
}

type Migrate = (this: MigrationExecutor, ...given: unknown[]) => Promise<unknown>;

const MIGRATIONS: readonly WrappedOf<'MigrationExecutor'>[] = [
  'executePendingMigrations',
  'undoLastMigration',
  'executeMigration',
];

/**
 * Wraps each run of migrations, and each revert.
 *
 * TypeORM has no event or flag for it: `beforeMigration()` of the query runner is not called for migrations without a
 * transaction.
 */
export function extendMigrations(extension: MigrationExtension): void {
  for (const name of MIGRATIONS)
    wrapMember(
      'MigrationExecutor',
      name,
      (migrate: Migrate): Migrate =>
        function (...given) {
          // TypeORM 0.3 calls it `connection`.
          const { dataSource, connection } = this as unknown as Record<
            'dataSource' | 'connection',
            DataSource
          >;
          // For the clauses of generated statements that SQLite doesn't have.
          extendQueryRunners();
          return extension.run(dataSource ?? connection, () => migrate.apply(this, given));
        },
    );
}

/** Replaces `EntityManager.clear()`; gets TypeORM's own method too. */
export type Clear = (
  manager: EntityManager,
  target: EntityTarget<any>,
  options: { cascade?: boolean } | undefined,
  truncate: () => Promise<void>,
) => Promise<void>;

/**
 * Replaces `EntityManager.clear()`. TypeORM's own sends a TRUNCATE, which no event, builder or trigger sees: all rows
 * would be gone with their histories still open.
 */
export function replaceClear(clear: Clear): void {
  wrapMember(
    'EntityManager',
    'clear',
    (truncate: EntityManager['clear']) =>
      function (this: EntityManager, target: EntityTarget<any>, options?: { cascade?: boolean }) {
        // TypeORM 0.3 ignores options.
        const known = truncate.length > 1 ? options : undefined;
        return clear(this, target, known, () => truncate.call(this, target, options));
      },
  );
}
