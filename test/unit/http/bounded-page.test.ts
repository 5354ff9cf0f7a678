import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { type Page } from '../../../src/history/types/page.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { boundedPage } from '../../../src/http/show/bounded-page.js';

const MEGABYTE = 'x'.repeat(1024 * 1024);

/** A list of revisions, and how many of them each portion asked for. */
function listOf(count: number, note: string, { endsAt = Infinity } = {}) {
  const asked: number[] = [];
  const read = async ({
    limit,
    cursor,
  }: {
    limit: number;
    cursor?: string | null;
  }): Promise<Page<Revision>> => {
    asked.push(limit);
    const start = Number(cursor ?? 0);
    const end = Math.min(start + limit, count, start < endsAt ? endsAt : Infinity);
    const items = Array.from({ length: end - start }, (_, n) => ({
      version: start + n + 1,
      snapshot: { note },
      changes: [],
    }));
    return { items: items as unknown as Revision[], nextCursor: end < count ? String(end) : null };
  };
  const page = (limit?: number, cursor?: string) =>
    boundedPage({ limit, cursor }, read, ({ version }) => version);
  return { asked, page };
}

const versions = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('a page that is bounded in bytes', () => {
  it('has as many small revisions as it may, in two portions', async () => {
    const { asked, page } = listOf(300, 'small');
    expect(await page(200)).toEqual({ items: versions(1, 200), nextCursor: '200' });
    expect(asked).toEqual([10, 190]);
  });

  it('has 50 unless it is told otherwise, and goes on at its cursor', async () => {
    const { page } = listOf(300, 'small');
    expect(await page(undefined, '100')).toEqual({ items: versions(101, 150), nextCursor: '150' });
  });

  it('has all there are', async () => {
    expect(await listOf(3, 'small').page(200)).toEqual({ items: [1, 2, 3], nextCursor: null });
    expect(await listOf(0, 'small').page(200)).toEqual({ items: [], nextCursor: null });
  });

  it('ends early when it has read 16 megabytes, reading about four at a time', async () => {
    const { asked, page } = listOf(300, MEGABYTE);
    const { items, nextCursor } = await page(200);
    expect(asked[0]).toBe(10);
    for (const portion of asked.slice(1)) expect(portion).toBeLessThanOrEqual(4);
    expect(items).toEqual(versions(1, items.length));
    expect(items.length).toBeLessThan(20);
    expect(nextCursor).toBe(String(items.length));
  });

  it('ends where the history has ended its page', async () => {
    const { asked, page } = listOf(300, 'small', { endsAt: 5 });
    expect(await page(200)).toEqual({ items: versions(1, 5), nextCursor: '5' });
    expect(asked).toEqual([10]);
  });

  it('refuses a limit before it reads', async () => {
    const { asked, page } = listOf(3, 'small');
    await expect(page(201)).rejects.toThrow(InvalidArgumentError);
    expect(asked).toEqual([]);
  });
});
