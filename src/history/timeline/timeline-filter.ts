import { type ObjectLiteral } from 'typeorm';
import { hasQuiet, loudCondition } from '../revisions/change-condition.js';
import { newestVersion, type RevisionFilter } from '../revisions/revision-select.js';
import { type RowRevisions, type Versions } from '../revisions/row-revisions.js';
import { type TimelineRequest } from './timeline-request.js';

/** A filtered page looks through at most this many versions. Then it ends early. */
const MAX_LOOKED_THROUGH = 10_000;

/** The lowest or highest version that a filtered page looks at. */
export interface VersionBound {
  readonly condition: string;
  readonly bound: number | undefined;
}

/** Whether a page has a filter, and so is a search. */
export function isFiltered(row: RowRevisions<any>, { since, until, conditions }: TimelineRequest): boolean {
  // Only the database tells which revisions are quiet.
  return (
    hasQuiet(row.table.dataSource, row.plan) ||
    row.ofClass !== undefined ||
    since !== undefined ||
    until !== undefined ||
    conditions.where.length > 0
  );
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
  { descending, after, since, until, conditions, isLoud }: TimelineRequest,
  { condition, bound }: VersionBound,
): RevisionFilter {
  const where = [condition, ...conditions.where];
  if (after !== undefined) where.push(`r.rev_version ${descending ? '<' : '>'} {{after}}`);
  if (since !== undefined) where.push('r.rev_created >= {{since}}');
  if (until !== undefined) where.push('r.rev_created < {{until}}');
  if (isLoud) where.push(loudCondition(row.table.dataSource, row.plan));
  const values = { ...conditions.values, bound, after, since, until };
  return { where, values, order: descending ? 'DESC' : 'ASC' };
}
