import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { Turn } from './turn.js';

/** A write that has been called, and that this library holds back until it knows who writes and that the tables are there. */
export class Announcement {
  private readonly turn = new Turn();
  private readonly begun: Promise<void>;
  private noteBegun!: () => void;

  constructor(
    private readonly all: Set<Announcement>,
    /** In the order of the calls. Code within another announcement has the place of that. */
    readonly place: number,
  ) {
    this.begun = new Promise((resolve) => (this.noteBegun = resolve));
    all.add(this);
  }

  /** Whether the running code belongs to the write. */
  get isOfCaller(): boolean {
    return Turn.isWithin((turn) => turn === this.turn);
  }

  /** Resolves when the write has begun, or has failed before. */
  untilBegun(): Promise<void> {
    return this.begun;
  }

  /** Runs a function that belongs to the write. */
  within<T>(fn: () => T): T {
    return this.turn.run(fn);
  }

  /**
   * Runs the write when it is ready, and ends the announcement when the write has come to its statement. A write whose
   * hooks wait for something else has begun too: its hooks may be waiting for the code that waits for the announcement.
   */
  async run<T, R>(ready: Promise<R>, write: (ready: R) => Promise<T>): Promise<T> {
    try {
      return await this.within(async () => {
        const found = await ready;
        setImmediate(() => this.end());
        return write(found);
      });
    } finally {
      this.end();
    }
  }

  /** Lets the code go on that waits for the write. */
  end(): void {
    this.all.delete(this);
    this.turn.end();
    this.noteBegun();
  }
}

/** The announced writes of one connection. */
export class Announcements {
  private readonly all = new Set<Announcement>();
  private next = 0;

  /** Runs a write when its question is answered: at once, or announced if the answer is a promise. */
  whenAsked<T, R>(ask: () => R | Promise<R>, write: (answer: R) => Promise<T>): Promise<T> {
    const announcement = new Announcement(this.all, this.placeOfCaller ?? this.next++);
    let answer: R | Promise<R>;
    try {
      answer = announcement.within(ask);
    } catch (error) {
      announcement.end();
      throw error;
    }
    if (answer instanceof Promise) return announcement.run(answer, write);
    announcement.end();
    return write(answer);
  }

  /** Whether there are some that the running code has to wait for. */
  get areAhead(): boolean {
    return this.ahead.length > 0;
  }

  /**
   * Waits for the writes that were announced before. What runs within an announcement, such as the BEGIN of its write
   * or a transaction of the option `actor`, doesn't wait for later ones, which may themselves wait for it.
   *
   * @param patience how many milliseconds it waits at most: the write's actor may be waiting for the code that waits here
   */
  async untilAhead(patience?: number): Promise<void> {
    const begun = Promise.all(this.ahead.map((announcement) => announcement.untilBegun()));
    if (patience === undefined) await begun;
    else {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([begun, new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
      clearTimeout(timer);
    }
  }

  /** Ends the announcements of the running code: its write has come to its statement. */
  endOfCaller(): void {
    for (const announcement of this.all) if (announcement.isOfCaller) announcement.end();
  }

  private get ahead(): Announcement[] {
    if (this.all.size === 0) return [];
    const place = this.placeOfCaller ?? Infinity;
    return [...this.all].filter((announcement) => announcement.place < place);
  }

  private get placeOfCaller(): number | undefined {
    let place: number | undefined;
    for (const announcement of this.all)
      if (announcement.isOfCaller) place = Math.min(place ?? Infinity, announcement.place);
    return place;
  }
}
