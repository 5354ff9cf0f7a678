import { type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { type Hook } from '../child/recorder.js';
import { type TwinDatabase, type WritePath } from '../paths/write-path.js';

/** What a context does its write on and with. */
export interface Stage {
  readonly database: TwinDatabase;
  readonly path: WritePath;
  readonly dataSource: DataSource;
  readonly manager: EntityManager;
  /** Writes by the scenario's path. @param number 1 to 3: writes of different numbers hit different rows, unless `row` says which */
  write(manager: EntityManager, number?: number, row?: number): Promise<unknown>;
  /** A good write of another kind, which shows whether a runner still works. */
  probe(label: string, manager: EntityManager): Promise<void>;
  /** Records what the function gives or throws. */
  attempt(label: string, fn: () => Promise<unknown>): Promise<void>;
  record(label: string, value: unknown): void;
  /** Takes a query runner, that what is recorded then calls `held`, and releases it in the end. */
  hold<T>(fn: (runner: QueryRunner) => Promise<T>): Promise<T>;
  /** Calls `hook` when TypeORM calls this hook of subscribers. */
  on(name: string, hook: Hook): void;
  /** Runs as this actor where there is an audit. */
  as<T>(actor: string, fn: () => Promise<T>): Promise<T>;
  /** Lets the scenario end when the promise has, which nobody else awaits. */
  later(label: string, promise: Promise<unknown>): void;
  /** As `attempt()`, in a hook, which TypeORM may not wait for: the scenario ends later then. */
  attemptInHook(label: string, fn: () => Promise<unknown>): Promise<void>;
}

/** A situation in which an application writes. */
export interface Context {
  readonly name: string;
  /** Contexts of a group are alike: the sample of CI combines each path with each group. */
  readonly group: string;
  readonly databases?: readonly TwinDatabase[];
  /** The paths that can be in it. Left out: all. */
  readonly suits?: (path: WritePath) => boolean;
  /** Several writes run at once: which of them comes first is chance. */
  readonly isParallel?: boolean;
  /** Nobody waits for the write, so that its statements come between others. */
  readonly isUnawaited?: boolean;
  /** What differs by chance without any library: then only the history is judged, and that nothing hangs. */
  readonly isJudged?: (path: WritePath, database: TwinDatabase) => boolean;
  readonly run: (stage: Stage) => Promise<void>;
}
