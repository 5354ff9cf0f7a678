import { type TwinDatabase, type WritePath } from './paths/write-path.js';
import { contexts, isPossible, paths, scenario, type Scenario } from './scenarios.js';

/** A database with a line of TypeORM. */
export interface Cell {
  readonly database: TwinDatabase;
  readonly line: string;
}

/**
 * The scenarios that stand for the grid, the same in each run: every path by itself in each cell, every context in
 * each cell, and every path in each group of contexts somewhere.
 */
export function sampleOf(cells: readonly Cell[]): Map<Cell, Scenario[]> {
  const [plain, ...others] = contexts;
  const chosen = new Map(
    cells.map((cell) => [cell, paths.map((path) => scenario(path, plain)).filter(fits(cell))]),
  );
  const pairs = new Set<string>();
  const uses = new Map<WritePath, number>();
  const choose = (cell: Cell, one: Scenario): void => {
    chosen.get(cell)!.push(one);
    pairs.add(pairOf(one));
    uses.set(one.path, (uses.get(one.path) ?? 0) + 1);
  };
  for (const context of others)
    for (const cell of cells) {
      const candidates = paths.map((path) => scenario(path, context)).filter(fits(cell));
      const [best] = candidates.sort(
        (a, b) =>
          Number(pairs.has(pairOf(a))) - Number(pairs.has(pairOf(b))) ||
          (uses.get(a.path) ?? 0) - (uses.get(b.path) ?? 0),
      );
      if (best) choose(cell, best);
    }
  let turn = 0;
  for (const path of paths)
    for (const context of others) {
      const one = scenario(path, context);
      if (pairs.has(pairOf(one))) continue;
      // Round and round, so that no cell has much more to do than another.
      const cell = cells
        .map((_, index) => cells[(turn + index) % cells.length])
        .find((each) => fits(each)(one));
      if (!cell) continue;
      turn = cells.indexOf(cell) + 1;
      choose(cell, one);
    }
  return chosen;
}

function fits({ database }: Cell): (one: Scenario) => boolean {
  return (one) => isPossible(one, database);
}

function pairOf({ path, context }: Scenario): string {
  return `${path.name} | ${context.group}`;
}
