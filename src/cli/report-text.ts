import { inspect } from 'node:util';
import { type Page } from '../history/types/page.js';
import { type Revision } from '../history/types/revision.js';
import { type VerifyReport } from '../maintenance/maintenance.types.js';

/** The report of a verification as text. */
export function verifyText({ ok, next, findings, tables, unknown = [], emptied = [] }: VerifyReport): string {
  const compared = tables.map(
    ({ table, rows, histories }) => `${table}: ${rows} rows, ${histories} histories`,
  );
  const found = findings.flatMap(({ table, kind, count, keys }) => [
    `${table}: ${count} ${kind}`,
    ...keys.map((key) => `  ${valueText(key)}`),
    ...(count > keys.length ? [`  and ${count - keys.length} more`] : []),
  ]);
  const lacking = unknown.map(
    ({ table, column, revisions }) => `${table}.${column}: unknown in ${revisions} revisions`,
  );
  const lost = emptied.map(
    ({ table, column, rows, at }) =>
      `${table}.${column}: emptied by a migration at ${at.toISOString()}, ${rows} rows had a value`,
  );
  const verdict = `${ok ? 'No differences' : 'There are differences'}${next ? ' so far' : ''}.`;
  const rest = next ? [`The time is up. Go on with --from ${next}`] : [];
  return [...compared, ...lacking, ...lost, ...found, verdict, ...rest].join('\n');
}

/** A page of a timeline as text, with the changes of each revision. */
export function timelineText({ items, nextCursor }: Page<Revision>): string {
  if (items.length === 0) return 'No history.';
  const lines = items.flatMap(({ version, createdAt, operation, actor, reason, changes }) => [
    `${version}  ${createdAt.toISOString()}  ${operation}${actor === null ? '' : `  by ${actor}`}${reason === null ? '' : `  because ${valueText(reason)}`}`,
    ...changes.map(({ property, from, to }) => `     ${property}: ${valueText(from)} → ${valueText(to)}`),
  ]);
  return [...lines, ...(nextCursor ? [`Go on with --cursor ${nextCursor}`] : [])].join('\n');
}

function valueText(value: unknown): string {
  return inspect(value, { breakLength: Infinity, depth: 4 });
}
