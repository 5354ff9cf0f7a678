import { HistoryReadOnlyError } from '../../audit.errors.js';

/** What stands in the place of a method that the past doesn't have. */
export function refusing(method: string): () => never {
  return () => {
    throw new HistoryReadOnlyError(`${method}()`);
  };
}
