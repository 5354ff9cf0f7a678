import { AsyncLocalStorage } from 'node:async_hooks';

const turns = new AsyncLocalStorage<Turn>();

/** The time during which a unit, or a statement of the application, has a connection. */
export class Turn {
  private readonly outer: Turn | undefined;
  private isOver = false;

  constructor() {
    // Code may continue in the async context of a turn that is over. It must not keep that turn in memory.
    let outer = turns.getStore();
    while (outer?.isOver) outer = outer.outer;
    this.outer = outer;
  }

  /** Runs a function. All of its statements belong to the turn, even if hooks or wrappers send them. */
  run<T>(fn: () => T): T {
    return turns.run(this, fn);
  }

  end(): void {
    this.isOver = true;
  }

  /** Whether the running code is inside a turn that fulfils the condition. */
  static isWithin(matches: (turn: Turn) => boolean): boolean {
    for (let turn = turns.getStore(); turn; turn = turn.outer) if (!turn.isOver && matches(turn)) return true;
    return false;
  }
}
