import { type Context } from './contexts/context.js';
import { derived } from './contexts/derived.js';
import { hooks } from './contexts/hooks.js';
import { ownHooks } from './contexts/own-hooks.js';
import { parallel } from './contexts/parallel.js';
import { transactions } from './contexts/transactions.js';
import { unawaited } from './contexts/unawaited.js';
import { builders } from './paths/builders.js';
import { saves } from './paths/saves.js';
import { type TwinDatabase, type WritePath } from './paths/write-path.js';

export const paths: readonly WritePath[] = [...saves, ...builders];
export const contexts: readonly Context[] = [
  ...transactions,
  ...derived,
  ...parallel,
  ...unawaited,
  ...ownHooks,
  ...hooks,
];

/** A write in a context. */
export interface Scenario {
  readonly name: string;
  readonly path: WritePath;
  readonly context: Context;
}

export function scenario(path: WritePath, context: Context): Scenario {
  return { name: `${path.name} ${context.name}`, path, context };
}

/** Whether the database has what a scenario needs. */
export function isPossible({ path, context }: Scenario, database: TwinDatabase): boolean {
  return (
    (path.databases ?? [database]).includes(database) &&
    (context.databases ?? [database]).includes(database) &&
    (context.suits?.(path) ?? true)
  );
}

/** Every write path in every context. */
export function grid(database: TwinDatabase): Scenario[] {
  return paths
    .flatMap((path) => contexts.map((context) => scenario(path, context)))
    .filter((one) => isPossible(one, database));
}
