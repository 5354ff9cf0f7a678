import {
  type RestoreConflict,
  type RestoreConflictError,
  type UndoConflictError,
} from '../../audit.errors.js';
import { type Revision } from '../../history/types/revision.js';
import { toJson } from './json.js';

/** The most conflicts in one answer. */
const MOST_CONFLICTS = 200;

const HIDDEN = 'A value that is hidden here is in the way.';

/**
 * The body of a 409: Nest's usual error body, and the conflicts.
 *
 * @param isHidden whether the application hides a property of an entity, by the entity's audited name
 * @param item shows a revision as an item of a list
 */
export function conflictBody(
  error: RestoreConflictError | UndoConflictError,
  isHidden: (entity: string, property: string) => boolean,
  item: (revision: Revision) => object,
): object {
  // The text of a problem has the values in it.
  const hides = ({ entity, values = {} }: RestoreConflict): boolean =>
    Object.keys(values).some((property) => isHidden(entity, property));
  return {
    statusCode: 409,
    error: 'Conflict',
    message: error.conflicts.some(hides) ? HIDDEN : error.message,
    count: error.conflicts.length,
    conflicts: error.conflicts.slice(0, MOST_CONFLICTS).map((conflict) => {
      const { changedSince, values, problem, ...own } = conflict;
      const shown = hides(conflict) ? { problem: HIDDEN } : { problem, ...(values && { values }) };
      return {
        ...(toJson({ ...own, ...shown }) as object),
        ...(changedSince && { changedSince: changedSince.map(item) }),
      };
    }),
  };
}
