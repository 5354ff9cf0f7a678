import { type Key, type Keys } from './key.js';

/** Up to how many keys are taken apart, because statements about one row, and few of them, are quicker. */
export const FEW_KEYS = 16;

/**
 * The keys in rows that each have a chunk of them: their number in `audit_count`, and the parameters of a key table
 * under these names with `audit_` before them.
 *
 * @param few the name of what has few of them as a JSON array of arrays
 */
export function takePacked(
  rows: readonly Record<string, unknown>[],
  parameters: readonly string[],
  few: string,
): Keys {
  const length = rows.reduce((sum, row) => sum + Number(row.audit_count), 0);
  if (length === 0) return [];
  if (length <= FEW_KEYS) return rows.flatMap((row) => JSON.parse(row[few] as string) as Key[]);
  const chunks = rows.map((row) =>
    Object.fromEntries(parameters.map((name) => [name, row[`audit_${name}`]])),
  );
  return { length, chunks };
}
