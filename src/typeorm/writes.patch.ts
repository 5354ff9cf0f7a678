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
import { type WrappedOf } from './members.js';
import { wrapMember } from './wrap-member.js';

type BuilderFactory = (queryBuilder: QueryBuilder<any>) => QueryBuilder<any>;
type Register = (this: typeof QueryBuilder, name: string, factory: BuilderFactory) => void;

/**
 * Puts other builders of writes in the place of TypeORM's own, for good: every `new DataSource()` registers
 * TypeORM's again, which would silently end all recording, so registering under these names is overruled.
 *
 * @param replacements by the names under which TypeORM registers its classes
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
};

/**
 * Lets an extension stand around each flush of the persistence layer.
 *
 * A flush writes with query builders that look like the application's, and what it has written is known when all of
 * its statements have run, or never when one of them fails. Nothing else tells which statements belong together.
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
        // TypeORM waits for the promises that it finds in the result.
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

/** What stands around a run of migrations. */
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
 * Lets an extension stand around each run of migrations, and each revert of one.
 *
 * Neither an event nor a flag of TypeORM's tells that they run: `beforeMigration()` of a query runner is not called
 * for those that run without a transaction.
 */
export function extendMigrations(extension: MigrationExtension): void {
  for (const name of MIGRATIONS)
    wrapMember(
      'MigrationExecutor',
      name,
      (migrate: Migrate): Migrate =>
        function (...given) {
          // 0.3 knows the data source by another name.
          const { dataSource, connection } = this as unknown as Record<
            'dataSource' | 'connection',
            DataSource
          >;
          return extension.run(dataSource ?? connection, () => migrate.apply(this, given));
        },
    );
}

/** Empties a table in another way than TypeORM's own, which is given. */
export type Clear = (
  manager: EntityManager,
  target: EntityTarget<any>,
  options: { cascade?: boolean } | undefined,
  truncate: () => Promise<void>,
) => Promise<void>;

/**
 * Puts another way of emptying a table in the place of `EntityManager.clear()`, which sends a TRUNCATE: no event, no
 * builder and no trigger sees that, so that all rows would be gone with their histories still open.
 */
export function replaceClear(clear: Clear): void {
  wrapMember(
    'EntityManager',
    'clear',
    (truncate: EntityManager['clear']) =>
      function (this: EntityManager, target: EntityTarget<any>, options?: { cascade?: boolean }) {
        // 0.3 knows of no options, and ignores them.
        const known = truncate.length > 1 ? options : undefined;
        return clear(this, target, known, () => truncate.call(this, target, options));
      },
  );
}
