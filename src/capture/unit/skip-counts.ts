/** Statements of one kind whose writes have no revision. */
export interface SkippedStatements {
  readonly statements: number;
  /** The rows that they hit; null where one of them doesn't tell. */
  readonly rows: number | null;
}

interface Count {
  all: number;
  nextEvent: number;
  /** Since the last event. */
  statements: number;
  rows: number | null;
}

const WITH_AN_EVENT_EACH = 100;

/**
 * Counts the statements of a transaction that leave out the history, so that a loop of 100,000 writes doesn't insert
 * 100,000 events. The first 100 of a kind have an event each. Then the 200th has one for those since, the 400th, the
 * 800th, and so on.
 */
export class SkipCounts {
  private readonly counts = new Map<string, Count>();

  /**
   * Counts one statement.
   *
   * @param kind of the table, the operation and the cause
   * @param rows that it hit; null if that is unknown
   * @returns the statements that an event has to stand for now; undefined if a later one will
   */
  add(kind: string, rows: number | null): SkippedStatements | undefined {
    const count = this.counts.get(kind) ?? { all: 0, nextEvent: 1, statements: 0, rows: 0 };
    this.counts.set(kind, count);
    count.all++;
    count.statements++;
    count.rows = rows === null || count.rows === null ? null : count.rows + rows;
    if (count.all < count.nextEvent) return undefined;
    count.nextEvent = count.all < WITH_AN_EVENT_EACH ? count.all + 1 : 2 * count.all;
    const counted = { statements: count.statements, rows: count.rows };
    count.statements = 0;
    count.rows = 0;
    return counted;
  }

  /** Begins anew, because events may be gone. */
  clear(): void {
    this.counts.clear();
  }
}
