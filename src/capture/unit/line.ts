import { type Session } from '../../dialect/sessions/session.js';
import { Transaction } from './transaction.js';
import { Turn } from './turn.js';

/**
 * What waits for one connection, and has it. Units come one after another, each after the statements that came before
 * it; and a statement of the application waits for the units that came before it, so that it neither joins a
 * transaction of theirs nor commits a write that has no revision yet.
 *
 * It belongs to what `connect()` returns: proxies of a query runner, and others made from it, share that.
 */
export class Line {
  readonly transaction = new Transaction();
  /** How many statements of TypeORM's query runners have come by. */
  seen = 0;
  /** The unit that has the connection. */
  private current: Turn | undefined;
  /** Ends with the last unit that is waiting or running. */
  private lastUnit: Promise<void> | undefined;
  /** Ends when that unit lets other statements pass, which is at its end at the latest. */
  private lastPassing: Promise<void> | undefined;
  private units = 0;
  private readonly statements = new Map<Turn, Promise<unknown>>();
  private readonly announcements = new Map<Turn, Promise<unknown>>();

  constructor(readonly session: Session) {}

  /** Whether the code that runs now is part of what has the connection, so that waiting would be for itself. */
  get isHeldByCaller(): boolean {
    return (
      (this.current !== undefined || this.statements.size > 0) &&
      Turn.isWithin((turn) => turn === this.current || this.statements.has(turn))
    );
  }

  /** Whether the code that runs now is part of the unit that has the connection. */
  get isInUnit(): boolean {
    return this.current !== undefined && Turn.isWithin((turn) => turn === this.current);
  }

  /** Whether somebody else will write who is still waiting for something else. */
  get isAnnounced(): boolean {
    return [...this.announcements.keys()].some((turn) => !Turn.isWithin((own) => own === turn));
  }

  /** Whether nobody else writes, or will. */
  get isWritten(): boolean {
    return !this.isAnnounced && (!this.lastUnit || this.isHeldByCaller);
  }

  async untilAnnounced(): Promise<void> {
    await Promise.allSettled(this.announcements.values());
  }

  /** Until nobody else writes, or will. */
  async untilWritten(): Promise<void> {
    if (this.isAnnounced) await this.untilAnnounced();
    if (this.lastUnit && !this.isHeldByCaller) await this.lastUnit;
  }

  /** Runs a function that will write. */
  async announce<T>(fn: () => Promise<T>): Promise<T> {
    const turn = new Turn();
    const running = turn.run(fn);
    this.announcements.set(turn, running);
    try {
      return await running;
    } finally {
      this.announcements.delete(turn);
      turn.end();
    }
  }

  /**
   * Runs a statement of the application.
   *
   * @param isCommand whether it begins, ends or divides a transaction
   * @param isHeard whether hooks are told of it, whose own statements then belong to it
   */
  async runStatement<T>(isCommand: boolean, isHeard: boolean, run: () => Promise<T>): Promise<T> {
    const turn = new Turn();
    const before = isCommand ? this.lastUnit : this.lastPassing;
    const { promise: ended, resolve: end } = deferred();
    this.statements.set(turn, ended);
    try {
      if (before) await before;
      return await (isHeard ? turn.run(run) : run());
    } finally {
      this.statements.delete(turn);
      turn.end();
      end();
    }
  }

  /**
   * Takes a unit's place, at once.
   *
   * @returns what waits until it is its turn, what lets other statements pass before its end, and what ends it
   */
  enter(turn: Turn): Place {
    for (const announced of this.announcements.keys())
      if (Turn.isWithin((own) => own === announced)) this.announcements.delete(announced);
    const others = [...this.statements].filter(([other]) => !Turn.isWithin((own) => own === other));
    // A hook of a statement that the last unit waits for can't wait for that unit.
    const isNested = others.length < this.statements.size;
    const before = isNested ? [] : [this.lastUnit, ...others.map(([, statement]) => statement)];
    const waits = before.filter((promise) => promise !== undefined);
    const { promise: ended, resolve: end } = deferred();
    const { promise: passing, resolve: pass } = deferred();
    this.lastUnit = isNested ? both(this.lastUnit, ended) : ended;
    this.lastPassing = isNested ? both(this.lastPassing, passing) : passing;
    this.units++;
    let outer: Turn | undefined;
    const begin = (): void => {
      outer = this.current;
      this.current = turn;
    };
    const turned = waits.length > 0 ? Promise.allSettled(waits).then(begin) : undefined;
    if (!turned) begin();
    const leave = (): void => {
      this.current = outer;
      // A nested one ends before those that it didn't wait for.
      if (--this.units === 0) this.lastUnit = this.lastPassing = undefined;
      turn.end();
      pass();
      end();
    };
    return { turned, pass, leave };
  }
}

/** A unit's place on the line. */
export interface Place {
  readonly turned: Promise<void> | undefined;
  readonly pass: () => void;
  readonly leave: () => void;
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

async function both(one: Promise<void> | undefined, other: Promise<void>): Promise<void> {
  await one;
  await other;
}
