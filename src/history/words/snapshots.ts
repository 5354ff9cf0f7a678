import { type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { keyText } from '../../dialect/keys/key-text.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { compileStatement } from '../../dialect/run/statement.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type RevisionFilter, selectRevisions } from '../revisions/revision-select.js';

/** The revision that a snapshot is asked for. */
export interface AskedAt {
  /** Its `rev_created`. */
  readonly created: number;
  readonly transaction: string;
  /** Whether the state before it is asked for, or the state after it. */
  readonly side: 'before' | 'after';
}

/** A snapshot that is asked for; undefined if its row was unknown then. */
export interface AskedSnapshot {
  snapshot?: object;
}

interface Question {
  readonly key: Key;
  readonly at: AskedAt;
  readonly answer: AskedSnapshot;
}

/** The most snapshots that one statement reads. Each is a probe of the (key, version) index. */
const MAX_QUESTIONS = 100;

/** Reads the states that rows had at moments: one statement for each table and 100 states, and one more for unknown rows. */
export class Snapshots {
  private readonly questions = new Map<AuditPlan, Map<string, Question>>();

  constructor(private readonly reading: Reading) {}

  /** Asks for the state of a row. `read()` fills it in. A row that was deleted by then has its last state. */
  ask(plan: AuditPlan, key: Key, at: AskedAt): AskedSnapshot {
    const ofPlan = this.questions.get(plan) ?? new Map<string, Question>();
    this.questions.set(plan, ofPlan);
    const name = [at.side, at.created, keyText(key)].join(' ');
    const known = ofPlan.get(name) ?? { key, at, answer: {} };
    ofPlan.set(name, known);
    return known.answer;
  }

  async read(): Promise<void> {
    for (const [plan, questions] of this.questions) {
      const asked = [...questions.values()];
      for (let n = 0; n < asked.length; n += MAX_QUESTIONS) {
        const some = asked.slice(n, n + MAX_QUESTIONS);
        await this.readSome(plan, some, newestUntil);
        const unknown = some.filter(({ answer }) => !answer.snapshot);
        if (unknown.length > 0) await this.readSome(plan, unknown, () => FIRST);
      }
    }
  }

  private async readSome(
    plan: AuditPlan,
    questions: readonly Question[],
    filterOf: (at: AskedAt) => RevisionFilter,
  ): Promise<void> {
    const { dataSource, tables } = this.reading;
    const values: Record<string, unknown> = {};
    const selects = new Map<string, string>();
    const branches = questions.map(({ key, at }, n) => {
      const filter = filterOf(at);
      const own = { ...filter.values, limit: filter.limit, ...keyValues(key) };
      for (const [name, value] of Object.entries(own)) values[`${name}_${n}`] = value;
      const side = at.side;
      const select = selects.get(side) ?? selectRevisions(dataSource, plan, filter, false);
      selects.set(side, select);
      return `SELECT ${n} AS question, q${n}.* FROM (${select.replace(/\{\{(\w+)\}\}/g, `{{$1_${n}}}`)}) q${n}`;
    });
    const statement = compileStatement(dialectOf(dataSource), branches.join(' UNION ALL '));
    const reader = tables.of(plan).reader();
    for (const row of await readRows(this.reading, statement, values)) {
      const { at, answer } = questions[Number(row.question)];
      if (filterOf(at) === FIRST && !isKnownEarlier(row, at)) continue;
      answer.snapshot = reader.entity(row) ?? undefined;
    }
  }
}

const FIRST: RevisionFilter = { where: ['NOT r.rev_isdelete'], order: 'ASC', limit: 1 };

function newestUntil({ side, created }: AskedAt): RevisionFilter {
  const isUntil = `r.rev_created ${side === 'before' ? '<' : '<='} {{created}}`;
  return { where: [isUntil, 'NOT r.rev_isdelete'], values: { created }, order: 'DESC', limit: 1 };
}

// A transaction may write a row after the row that refers to it. A baseline tells the state from before it.
function isKnownEarlier(row: ObjectLiteral, { transaction }: AskedAt): boolean {
  const { revOperation, revTransaction } = REVISION_COLUMNS;
  return row[revOperation] === 'baseline' || row[revTransaction] === transaction;
}

function keyValues(key: Key): Record<string, unknown> {
  return Object.fromEntries(key.map((value, n) => [`key${n}`, value]));
}
