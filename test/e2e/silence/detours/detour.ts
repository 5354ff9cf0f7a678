import { type DataSourceOptions } from 'typeorm';

/** A way around something that the library wraps of TypeORM. */
export interface Detour {
  /** Its class and name. */
  readonly member: string;
  readonly how: 'left alone' | 'no longer called' | 'put back' | 'replaced' | 'wrapped';
  readonly when: 'before initialize' | 'after attach';
}

/** By the ways to write, or by `attachAudit`: `recorded`, `refused by …`, or what is wrong. */
export type Outcome = Record<string, string>;

/** What a process is to play. */
export interface Play {
  readonly options: DataSourceOptions;
  readonly detours: readonly Detour[];
  /** Of the ways to write, those that are named; all where none are. */
  readonly ways?: readonly string[];
}

/** What a process has played. */
export interface Played {
  readonly outcomes: readonly { readonly detour: Detour; readonly outcome: Outcome }[];
  /** What of TypeORM the library has changed, by class and name. */
  readonly changed: readonly string[];
  /** What of it the library's table says is wrapped. */
  readonly wrapped: readonly string[];
}
