import { type Session } from '../../dialect/sessions/session.js';
import { Announcements } from './announcements.js';
import { Transaction } from './transaction.js';
import { Turn } from './turn.js';

/**
 * The queue of one connection. Units run one after another, each after the earlier statements. A statement of the
 * application waits for the earlier units, so that it neither joins their transactions nor commits a write that has no
 * revision yet.
 *
 * A line belongs to the connection that `connect()` returns, because proxies of a query runner and runners derived
 * from it share one connection.
 */
export class Line {
  readonly transaction = new Transaction();
  /** The number of statements that TypeORM's query runners have sent. */
  seen = 0;
  /** The unit that has the connection. */
  private current: Turn | undefined;
  /** Resolves when the last unit that is waiting or running ends. */
  private lastUnit: Promise<void> | undefined;
  /** Resolves when the last unit lets other statements pass, at the latest when it ends. */
  private lastPassing: Promise<void> | undefined;
  private units = 0;
  private readonly statements = new Map<Turn, Promise<unknown>>();
  /** The writes that have been called and haven't begun. */
  readonly announcements = new Announcements();

  constructor(readonly session: Session) {}

  /** Whether the running code belongs to the unit or statement that has the connection. Waiting would be a deadlock. */
  get isHeldByCaller(): boolean {
    return (
      (this.current !== undefined || this.statements.size > 0) &&
      Turn.isWithin((turn) => turn === this.current || this.statements.has(turn))
    );
  }

  /** Whether the running code belongs to the unit that has the connection. */
  get isInUnit(): boolean {
    return this.current !== undefined && Turn.isWithin((turn) => turn === this.current);
  }

  /** Whether no other code is writing or has announced a write. */
  get isWritten(): boolean {
    return !this.announcements.areAhead && (!this.lastUnit || this.isHeldByCaller);
  }

  /** Waits until no other code is writing or has announced a write. */
  async untilWritten(): Promise<void> {
    if (this.announcements.areAhead) await this.announcements.untilAhead();
    if (this.lastUnit && !this.isHeldByCaller) await this.lastUnit;
  }

  /**
   * Runs a statement of the application.
   *
   * @param isCommand whether it is a transaction command: BEGIN, COMMIT, ROLLBACK, SAVEPOINT, …
   * @param isHeard whether hooks of the statement run; their own statements then belong to it
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
   * Enters a unit into the queue, synchronously.
   */
  enter(turn: Turn): Place {
    this.announcements.endOfCaller();
    const others = [...this.statements].filter(([other]) => !Turn.isWithin((own) => own === other));
    // A unit inside a hook runs at once: the last unit may be waiting for the hook's statement.
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
      // A nested unit ends before the units that it didn't wait for.
      if (--this.units === 0) this.lastUnit = this.lastPassing = undefined;
      turn.end();
      pass();
      end();
    };
    return { turned, pass, leave };
  }
}

/** A unit's place in the queue: wait for `turned`, `pass()` lets other statements run, `leave()` ends the unit. */
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
