import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { type AuditPlan } from '../../../src/audited/audit-plan.js';
import { feedFilter, withId } from '../../../src/history/feed/feed-filter.js';
import { type FeedRequest } from '../../../src/history/feed/feed-request.js';

const dataSource = new DataSource({ type: 'postgres' });
const HOUR = 3600;
const ID = '01890000-0000-7000-8000-000000000000';

const plan = { name: 'guest', number: 7 } as AuditPlan;

const nothing: FeedRequest = {
  plans: [plan],
  classes: new Map(),
  limit: 50,
  position: { id: undefined },
  since: undefined,
  until: undefined,
  transaction: undefined,
  filters: {},
  isLoud: false,
  events: false,
};
const filterOf = (asked: Partial<FeedRequest>) => feedFilter(dataSource, { ...nothing, ...asked });
const conditionsOf = (asked: Partial<FeedRequest>) => filterOf(asked).tables.get(plan);

describe('the filter of a feed', () => {
  it('lets everything through if nothing is asked', () => {
    expect(filterOf({})).toMatchObject({ ids: [], values: {}, predecessors: new Set() });
    expect(conditionsOf({})).toEqual([]);
  });

  it('narrows by an operation', () => {
    expect(conditionsOf({ filters: { operation: 'delete' } })).toEqual(['r.rev_operation = {{operation}}']);
  });

  it('narrows by an actor, compared as the database compares it exactly', () => {
    const filters = { actor: 'ann' };
    expect(conditionsOf({ filters })).toEqual([expect.stringMatching(/r\.rev_actor.*\{\{actor\}\}/)]);
    expect(filterOf({ filters }).values).toEqual({ actor: 'ann' });
  });

  it('narrows by an empty actor too', () => {
    expect(filterOf({ filters: { actor: '' } }).values).toEqual({ actor: '' });
  });

  it('leaves out an actor, not those that are unknown', () => {
    const filters = { not: { actor: 'ann' } };
    expect(conditionsOf({ filters })).toEqual([expect.stringContaining('r.rev_actor IS NULL OR NOT')]);
    expect(filterOf({ filters }).values).toEqual({ notActor: 'ann' });
  });

  it('leaves actions and requests to the changesets', () => {
    expect(conditionsOf({ filters: { action: 'order.pay', request: '1' } })).toEqual([]);
  });

  it('narrows by a position', () => {
    expect(withId(filterOf({}), 'floor', '>=', ID)).toMatchObject({
      ids: ['r.rev_id >= {{floor}}'],
      values: { floor: ID },
    });
  });

  it('narrows by times, and by the ids of an hour around them', () => {
    const asked = { since: 2 * HOUR, until: 4 * HOUR };
    const { ids, values } = filterOf(asked);
    expect(conditionsOf(asked)).toEqual(['r.rev_created >= {{since}}', 'r.rev_created < {{until}}']);
    expect(ids).toEqual(['r.rev_id >= {{oldest}}', 'r.rev_id < {{newest}}']);
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

  it('narrows by the classes that are asked for', () => {
    const condition = (alias: string) => `${alias}.kind = {{kind0}}`;
    const classes = new Map([[plan, { name: 'Car', condition, values: { kind0: 'car' } }]]);
    expect(filterOf({ classes }).values).toEqual({ kind0: 'car' });
    expect(conditionsOf({ classes })).toEqual(['r.kind = {{kind0}}']);
  });
});
