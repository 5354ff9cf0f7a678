import { type ObjectLiteral } from 'typeorm';
import { dialectOf } from '../../dialect/dialect-of.js';
import { changeCondition, loudCondition } from '../revisions/change-condition.js';
import { newestVersion, type RevisionFilter } from '../revisions/revision-select.js';
import { hasQuiet } from '../reader/shown-columns.js';
import { type RowRevisions, type Versions } from '../revisions/row-revisions.js';
import { type Revision } from '../types/revision.js';
import { type TimelineRequest } from './timeline-request.js';

/** A filtered page looks through at most this many versions. Then it ends early. */
const MAX_LOOKED_THROUGH = 10_000;

/** The lowest or highest version that a filtered page looks at. */
export interface VersionBound {
  readonly condition: string;
  readonly bound: number | undefined;
}

/** Whether a page has a filter, and so is a search. */
export function isFiltered(
  row: RowRevisions<any>,
  { since, until, actor, changed }: TimelineRequest,
): boolean {
  // Only the database tells which revisions are quiet.
  if (hasQuiet(row.plan)) return true;
  return row.ofClass !== undefined || [since, until, actor, changed].some((filter) => filter !== undefined);
}

/** The versions that a filtered page looks through. Its filters have no index; versions have one, and no gaps. */
export function versionBound(
  row: RowRevisions<ObjectLiteral>,
  { descending, after }: TimelineRequest,
): VersionBound {
  if (!descending)
    return { condition: 'r.rev_version <= {{bound}}', bound: (after ?? 0) + MAX_LOOKED_THROUGH };
  if (after !== undefined)
    return { condition: 'r.rev_version >= {{bound}}', bound: after - MAX_LOOKED_THROUGH };
  return {
    condition: `r.rev_version > (${newestVersion(row.table.dataSource, row.plan)}) - ${MAX_LOOKED_THROUGH}`,
    bound: undefined,
  };
}

/** The version at which a filtered page ended early; undefined if no versions lie beyond. */
export function endIn(
  versions: Versions | undefined,
  { descending, after }: TimelineRequest,
  lastFound: number | undefined,
): number | undefined {
  if (!versions) return undefined;
  const { first, newest } = versions;
  if (!descending) {
    const end = (after ?? 0) + MAX_LOOKED_THROUGH;
    return end < newest ? Math.max(end, first - 1) : undefined;
  }
  // Newer versions may have been added meanwhile. The page ended at its last revision or before.
  const end = Math.min((after ?? newest + 1) - MAX_LOOKED_THROUGH, lastFound ?? Infinity);
  return end > first ? end : undefined;
}

/** The SQL of a filtered page. */
export function filterOf(
  row: RowRevisions<ObjectLiteral>,
  { descending, after, since, until, actor, changed, isLoud }: TimelineRequest,
  { condition, bound }: VersionBound,
): RevisionFilter {
  const where = [condition];
  if (after !== undefined) where.push(`r.rev_version ${descending ? '<' : '>'} {{after}}`);
  if (since !== undefined) where.push('r.rev_created >= {{since}}');
  if (until !== undefined) where.push('r.rev_created < {{until}}');
  if (actor !== undefined)
    where.push(dialectOf(row.table.dataSource).types.sameText('r.rev_actor', '{{actor}}'));
  if (changed) where.push(changeCondition(row.table.dataSource, row.plan, changed));
  if (isLoud) where.push(loudCondition(row.table.dataSource, row.plan));
  return { where, values: { bound, after, since, until, actor }, order: descending ? 'DESC' : 'ASC' };
}

/** Whether a revision that SQL has found is asked for: the database compares stored values, the caller hydrated ones. */
export function isMeant({ changes }: Revision, request: TimelineRequest): boolean {
  const names = request.changed?.map(({ propertyPath }) => propertyPath);
  return !names || changes.some(({ property }) => names.includes(property));
}
