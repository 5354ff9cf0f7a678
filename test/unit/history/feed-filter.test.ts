import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { type AuditPlan } from '../../../src/audited/audit-plan.js';
import { feedFilter } from '../../../src/history/feed/feed-filter.js';
import { type FeedRequest } from '../../../src/history/feed/feed-request.js';

const dataSource = new DataSource({ type: 'postgres' });
const HOUR = 3600;
const ID = '01890000-0000-7000-8000-000000000000';

const nothing: FeedRequest = {
  plans: [],
  classes: new Map(),
  limit: 50,
  after: undefined,
  since: undefined,
  until: undefined,
  actor: undefined,
  transaction: undefined,
  operation: undefined,
};
const filterOf = (asked: Partial<FeedRequest>, floor?: string) =>
  feedFilter(dataSource, { ...nothing, ...asked }, floor);

describe('the filter of a feed', () => {
  it('lets everything through if nothing is asked', () => {
    expect(filterOf({})).toEqual({ conditions: [], values: {}, classes: nothing.classes });
  });

  it.each([
    ['a cursor', { after: ID }, 'b.rev_id < {{after}}', { after: ID }],
    ['a transaction', { transaction: ID }, 'b.rev_transaction = {{transaction}}', { transaction: ID }],
    ['an operation', { operation: 'delete' }, 'b.rev_operation = {{operation}}', { operation: 'delete' }],
  ] as const)('narrows by %s', (_, asked, condition, values) => {
    expect(filterOf(asked)).toMatchObject({ conditions: [condition], values });
  });

  it('narrows by an actor, compared as the database compares it exactly', () => {
    const { conditions, values } = filterOf({ actor: 'ann' });
    expect(conditions).toEqual([expect.stringMatching(/b\.rev_actor.*\{\{actor\}\}/)]);
    expect(values).toEqual({ actor: 'ann' });
  });

  it('narrows by an empty actor too', () => {
    expect(filterOf({ actor: '' }).values).toEqual({ actor: '' });
  });

  it('narrows by the revision down to which it looks', () => {
    expect(filterOf({}, ID)).toMatchObject({ conditions: ['b.rev_id >= {{floor}}'], values: { floor: ID } });
  });

  it('narrows by times, and by the ids of an hour around them', () => {
    const { conditions, values } = filterOf({ since: 2 * HOUR, until: 4 * HOUR });
    expect(conditions).toEqual([
      'b.rev_created >= {{since}}',
      'b.rev_created < {{until}}',
      'b.rev_id >= {{oldest}}',
      'b.rev_id < {{newest}}',
    ]);
    expect(values).toEqual({
      since: 2 * HOUR,
      until: 4 * HOUR,
      oldest: '00000036-ee80-7000-8000-000000000000',
      newest: '00000112-a880-7000-8000-000000000000',
    });
  });

  it('finds each id that a clock less than an hour off has made', () => {
    const created = fc.integer({ min: HOUR, max: 4_102_444_800 });
    const drift = fc.integer({ min: -HOUR, max: HOUR - 1 });
    fc.assert(
      fc.property(created, drift, (seconds, off) => {
        const id = v7({ msecs: (seconds + off) * 1000 });
        const { values } = filterOf({ since: seconds, until: seconds });
        expect(id >= values.oldest).toBe(true);
        expect(id < values.newest).toBe(true);
      }),
    );
  });

  it('leaves out the ids of more than an hour before and after', () => {
    const seconds = 1_700_000_000;
    const { values } = filterOf({ since: seconds, until: seconds });
    expect(v7({ msecs: (seconds - HOUR) * 1000 - 1 }) < values.oldest).toBe(true);
    expect(v7({ msecs: (seconds + HOUR) * 1000 }) >= values.newest).toBe(true);
  });

  it('has an id for times before 1970 and after all that an id can hold', () => {
    const { values } = filterOf({ since: -HOUR, until: 1e15 });
    expect(values.oldest).toBe('00000000-0000-7000-8000-000000000000');
    expect(values.newest).toBe('ffffffff-ffff-7000-8000-000000000000');
  });

  it('has the values of the classes that are asked for', () => {
    const classes = new Map([[{} as AuditPlan, { condition: 'kind = {{kind0}}', values: { kind0: 'car' } }]]);
    const filter = filterOf({ classes: classes as never });
    expect(filter.values).toEqual({ kind0: 'car' });
    expect(filter.classes).toBe(classes);
  });
});
