import { type Key, type Keys } from './key.js';

/** Up to this many keys are parsed, because for few keys statements about single rows are quicker. */
export const FEW_KEYS = 16;

/**
 * The keys in rows that each hold a chunk of keys. `audit_count` is the number of keys in the chunk. The parameters of
 * a key table are in the columns of these names with the prefix `audit_`.
 *
 * @param few the column that holds a few keys as a JSON array of arrays
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
