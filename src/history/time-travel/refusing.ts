import { HistoryReadOnlyError } from '../../audit.errors.js';

/** Replaces a method that the past doesn't have. The replacement throws HistoryReadOnlyError. */
export function refusing(method: string): () => never {
  return () => {
    throw new HistoryReadOnlyError(`${method}()`);
  };
}
