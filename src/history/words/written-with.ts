import { type AuditPlan } from '../../audited/audit-plan.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { compileStatement } from '../../dialect/run/statement.js';
import { endOf } from '../arguments/moment.js';
import { changesetTable, hasChangesets } from '../revisions/changesets.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type Revision } from '../types/revision.js';

/** What a revision object doesn't tell. */
export interface WrittenWith {
  /** Its `rev_created`. */
  readonly created: number;
  /** The action of its changeset. */
  readonly action: string | null;
}

/** The most revisions that one statement looks up. */
const MAX_IDS = 200;

/** Reads the moments and actions of a table's revisions, by id. A revision of a dry run has neither: its Date counts. */
export async function readWrittenWith(
  reading: Reading,
  plan: AuditPlan,
  revisions: readonly Pick<Revision, 'id' | 'createdAt'>[],
): Promise<Map<string, WrittenWith>> {
  const { dataSource } = reading;
  const found = new Map<string, WrittenWith>(
    revisions.map(({ id, createdAt }) => [id, { created: endOf(createdAt), action: null }]),
  );
  const [action, join] = (await hasChangesets(reading))
    ? [
        'c.action',
        ` LEFT JOIN ${changesetTable(reading)} c ON c.id = r.rev_transaction AND c.entity = ${plan.number}`,
      ]
    : ['NULL', ''];
  const ids = [...found.keys()];
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    const some = ids.slice(at, at + MAX_IDS);
    const statement = compileStatement(
      dialectOf(dataSource),
      `SELECT r.rev_id AS rev_id, r.rev_created AS rev_created, ${action} AS rev_action ` +
        `FROM ${tableName(dataSource, plan.revision)} r${join} ` +
        `WHERE r.rev_id IN (${some.map((_, n) => `{{id${n}}}`).join(', ')})`,
    );
    const values = Object.fromEntries(some.map((id, n) => [`id${n}`, id]));
    for (const row of await readRows(reading, statement, values))
      found.set(row.rev_id as string, {
        created: Number(row.rev_created),
        action: row.rev_action as string | null,
      });
  }
  return found;
}
