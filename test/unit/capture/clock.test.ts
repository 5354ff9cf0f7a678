import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { newId, now } from '../../../src/revision/clock.js';

const timeOf = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16);

describe('the ids of revisions', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('are UUIDs of version 7, in the order in which they are made', () => {
    const ids = Array.from({ length: 10_000 }, newId);
    expect(
      ids.every((id) => /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id)),
    ).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('go on growing when the clock goes back by less than a second', () => {
    const clock = jest.spyOn(Date, 'now');
    const start = Date.now();
    clock.mockReturnValue(start + 5000);
    const before = [newId(), now()] as const;
    clock.mockReturnValue(start + 4500);
    const after = [newId(), now()] as const;
    expect(after[0] > before[0]).toBe(true);
    expect(after[1]).toBeGreaterThan(before[1]);
  });

  it('follow the clock when it is set back, as the times of revisions do', () => {
    const clock = jest.spyOn(Date, 'now');
    const start = 1_800_000_000_000;
    clock.mockReturnValue(start + 86_400_000);
    newId();
    now();
    clock.mockReturnValue(start);
    expect(timeOf(newId())).toBe(start);
    expect(now()).toBeLessThan(start / 1000 + 1);
  });
});
