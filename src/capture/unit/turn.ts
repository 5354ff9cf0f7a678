import { AsyncLocalStorage } from 'node:async_hooks';

const turns = new AsyncLocalStorage<Turn>();

/** The time in which a unit, or a statement of the application, has a connection. */
export class Turn {
  private readonly outer: Turn | undefined;
  private isOver = false;

  constructor() {
    // What has ended is nobody's any more, and code that goes on in its context must not hold on to it.
    let outer = turns.getStore();
    while (outer?.isOver) outer = outer.outer;
    this.outer = outer;
  }

  /** Runs a function whose statements belong to the turn, whichever hooks and wrappers send them. */
  run<T>(fn: () => T): T {
    return turns.run(this, fn);
  }

  end(): void {
    this.isOver = true;
  }

  /** Whether the code that runs now was called in the course of a turn for which a condition holds. */
  static isWithin(matches: (turn: Turn) => boolean): boolean {
    for (let turn = turns.getStore(); turn; turn = turn.outer) if (!turn.isOver && matches(turn)) return true;
    return false;
  }
}
