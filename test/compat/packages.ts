import { expect } from '@jest/globals';

interface PlayedRevision {
  id: number;
  rev_operation: string;
  rev_transaction: string;
  rev_version: number;
  [column: string]: unknown;
}

/** What a script of `packages/` prints. */
export interface Played {
  played: { outcome: unknown; rows: Record<string, unknown>[] }[];
  revisions: PlayedRevision[];
}

function timelines({ revisions }: Played): (id: number) => PlayedRevision[] {
  return (id) =>
    revisions.filter((revision) => revision.id === id).sort((a, b) => a.rev_version - b.rev_version);
}

/**
 * Of `cls-transactional.cjs`: one transaction for a method and what it calls, under the user of the request, and nothing
 * of one that fails.
 */
export function expectTransactionHistory(played: Played): void {
  const of = timelines(played);
  expect(played.played.map(({ outcome }) => outcome)).toEqual([201, 500, 201, 500]);
  expect(new Set(played.revisions.map(({ rev_actor }) => rev_actor))).toEqual(new Set(['ann']));
  const operations = [1, 2, 3, 4, 5].map((id) => of(id).map(({ rev_operation }) => rev_operation));
  expect(operations).toEqual([['insert', 'update'], ['insert'], [], ['insert'], ['insert']]);
  const transactions = (...ids: number[]): string[] => [
    ...new Set(ids.flatMap(of).map(({ rev_transaction }) => rev_transaction)),
  ];
  expect(transactions(1, 2)).toHaveLength(1);
  expect(transactions(4, 5)).toHaveLength(1);
  expect(transactions(1, 2, 4, 5)).toHaveLength(2);
}

/** Of `rls.cjs`: each tenant's rows have the history of its own writes. */
export function expectTenantHistory(played: Played): void {
  const of = timelines(played);
  const rows = played.played.at(-1)!.rows;
  expect(rows).toHaveLength(6);
  for (const tenant of [1, 2]) {
    const row = (n: number): PlayedRevision[] => of(tenant * 100 + n);
    const operations = (n: number): string[] => row(n).map(({ rev_operation }) => rev_operation);
    expect(operations(1)).toEqual(['insert', 'update', 'update', 'update']);
    // Inserted, incremented, one of all that were updated, left, back, after a failure, in a transaction.
    expect(operations(2)).toEqual([
      'insert',
      'update',
      'update',
      'soft-delete',
      'restore',
      'update',
      'update',
    ]);
    expect(operations(3)).toEqual(['insert', 'update', 'update', 'delete']);
    expect(operations(4)).toEqual(['insert', 'update', 'delete']);
    expect(operations(5)).toEqual(['insert']);
    for (const n of [6, 7, 8]) expect(row(n)).toEqual([]);
    for (const n of [1, 2, 3, 4, 5]) for (const revision of row(n)) expect(revision.tenant).toBe(tenant);
    expect(row(5)[0].rev_transaction).toBe(row(2).at(-1)!.rev_transaction);
  }
  for (const { id, tenant, name, visits } of rows)
    expect(of(id as number).at(-1)).toMatchObject({ tenant, name, visits });
}
