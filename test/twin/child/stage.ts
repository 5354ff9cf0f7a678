import { type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { type Stage } from '../contexts/context.js';
import { Bell } from '../../support/entities/shelves.js';
import { type TwinDatabase, type WritePath } from '../paths/write-path.js';
import { type Hook, type Recorder } from './recorder.js';

/** Runs as an actor. */
export type RunAs = <T>(actor: string, fn: () => Promise<T>) => Promise<T>;

/** One scenario's stage, which keeps what it gave. */
export class RecordedStage implements Stage {
  readonly results: [label: string, value: unknown][] = [];
  readonly manager: EntityManager;
  private readonly pending: Promise<unknown>[] = [];
  private readonly hooks = new Map<string, Hook>();
  private probes = 0;

  constructor(
    readonly database: TwinDatabase,
    readonly path: WritePath,
    readonly dataSource: DataSource,
    private readonly recorder: Recorder,
    private readonly normalise: (value: unknown) => unknown,
    readonly as: RunAs,
  ) {
    this.manager = dataSource.manager;
    recorder.hook = (name, event) => this.hooks.get(name)?.(event);
  }

  async write(manager: EntityManager, number = 1, row = number): Promise<unknown> {
    return this.path.write({ manager, row, value: 1000 + number });
  }

  async probe(label: string, manager: EntityManager): Promise<void> {
    const number = 60 + ++this.probes;
    await this.attempt(label, async () => [
      await manager.insert(Bell, { id: number }),
      await manager.update(Bell, 2, { rung: number }),
    ]);
  }

  async attempt(label: string, fn: () => Promise<unknown>): Promise<void> {
    try {
      this.record(label, await fn());
    } catch (error) {
      this.record(`${label} fails`, error);
    }
  }

  record(label: string, value: unknown): void {
    this.results.push([label, this.normalise(value)]);
  }

  async hold<T>(fn: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    this.recorder.name(runner, 'held');
    try {
      return await fn(runner);
    } finally {
      // SQLite's is one for all, and of no use to others once it's released.
      if (this.database !== 'sqlite') await runner.release();
    }
  }

  on(name: string, hook: Hook): void {
    this.hooks.set(name, hook);
  }

  later(label: string, promise: Promise<unknown>): void {
    this.pending.push(this.attempt(label, () => promise));
  }

  attemptInHook(label: string, fn: () => Promise<unknown>): Promise<void> {
    const attempt = this.attempt(label, fn);
    this.pending.push(attempt);
    return attempt;
  }

  /** Waits for what nobody awaited, and looks whether the data source still works. */
  async end(): Promise<void> {
    await Promise.all(this.pending);
    this.hooks.clear();
    await this.probe('a probe at the end', this.manager);
  }
}
