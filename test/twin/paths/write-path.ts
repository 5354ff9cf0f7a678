import { type EntityManager } from 'typeorm';

export type TwinDatabase = 'sqlite' | 'postgres' | 'mariadb' | 'mysql';
export const twinDatabases: readonly TwinDatabase[] = ['sqlite', 'postgres', 'mariadb', 'mysql'];

/** Where a path writes. Writes at once get different rows, or the same row and different values. */
export interface Target {
  readonly manager: EntityManager;
  /** 1 to 3 */
  readonly row: number;
  /** Nothing that was stored before contains it. */
  readonly value: number;
}

/** A way to write with TypeORM. */
export interface WritePath {
  readonly name: string;
  /**
   * `statement`: one statement. `transaction`: TypeORM's own transaction of several, so that several of them at once
   * over one query runner get into each other's way without any library.
   */
  readonly kind: 'statement' | 'transaction';
  /** Writes the same row each time, so that of several at once it is chance which is the last. */
  readonly isOfOneRow?: boolean;
  /** Left out: all. */
  readonly databases?: readonly TwinDatabase[];
  /** Writes, and gives what the caller then has: results and the objects that it passed. */
  readonly write: (target: Target) => Promise<unknown>;
}
