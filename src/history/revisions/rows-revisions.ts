import { type ObjectLiteral } from 'typeorm';
import { isDataException } from '../../dialect/run/driver-error.js';
import { type Statement } from '../../dialect/run/statement.js';
import { type Revision } from '../types/revision.js';
import { type Reading, readRows } from './reading.js';
import { type RevisionFilter } from './revision-select.js';
import { type RevisionTable } from './revision-tables.js';
import { type RowRevisions, type Versions, versionsIn } from './row-revisions.js';
import { keyParameter, ROW_NUMBER } from './select-rows.js';

// SQLite takes 500 branches in a statement.
const MAX_ROWS = 100;

/** The revisions of several audited rows of one table, read by a statement for each 100 rows. */
export class RowsRevisions<E extends ObjectLiteral> {
  constructor(
    private readonly reading: Reading,
    private readonly rows: readonly RowRevisions<E>[],
  ) {}

  /** The revisions of each row, with their changes. The filter's limit is a row's. */
  async read(filter: RevisionFilter): Promise<Revision<E>[][]> {
    const found = this.rows.map((): Revision<E>[] => []);
    await this.inParts(
      (table, rows) => table.selectOfRows(rows.length, rows[0].withClass(filter)),
      { ...this.rows.at(0)?.withClass(filter).values, limit: filter.limit },
      (row, at) => found[at].push(this.rows[at].reader.revision(row)),
    );
    return found;
  }

  /** The versions of each row, of any class. */
  async versions(): Promise<(Versions | undefined)[]> {
    const found = this.rows.map((): Versions | undefined => undefined);
    await this.inParts(
      (table, rows) => table.selectVersionsOfRows(rows.length),
      {},
      (row, at) => (found[at] = versionsIn(row)),
    );
    return found;
  }

  private async inParts(
    statementOf: (table: RevisionTable<E>, rows: readonly RowRevisions<E>[]) => Statement,
    values: Readonly<ObjectLiteral>,
    take: (row: ObjectLiteral, at: number) => void,
  ): Promise<void> {
    for (let begin = 0; begin < this.rows.length; begin += MAX_ROWS) {
      const rows = this.rows.slice(begin, begin + MAX_ROWS);
      const keys = rows.flatMap(({ key }, n) => key.map((value, k) => [keyParameter(n, k), value] as const));
      const statement = statementOf(rows[0].table, rows);
      const found = await readRows(this.reading, statement, {
        ...values,
        ...Object.fromEntries(keys),
      }).catch((error: unknown) => this.explain(error));
      for (const row of found) take(row, begin + Number(row[ROW_NUMBER]));
    }
  }

  // One of the ids is not a value of the key's type. Reading it by itself tells which.
  private async explain(error: unknown): Promise<never> {
    if (isDataException(error)) for (const row of this.rows) await row.newest();
    throw error;
  }
}
