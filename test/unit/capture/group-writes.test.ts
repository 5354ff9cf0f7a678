import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuditPlan } from '../../../src/audited/audit-plan.js';
import { groupWrites } from '../../../src/capture/write/group-writes.js';
import { type Write } from '../../../src/capture/write/write.js';
import { type Key } from '../../../src/dialect/keys/key.js';

const guests = { name: 'guest' } as AuditPlan;
const rooms = { name: 'room' } as AuditPlan;

const write = (plan: AuditPlan, operation: Write['operation'], ...keys: unknown[]): Write => ({
  plan,
  operation,
  keys: keys.map((key) => [key]),
});

describe('the writes of a transaction, grouped', () => {
  const writes = fc.array(
    fc
      .tuple(
        fc.constantFrom(guests, rooms),
        fc.constantFrom<Write['operation']>('insert', 'update', 'delete'),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
      )
      .map(([plan, operation, keys]) => write(plan, operation, ...keys)),
    { minLength: 2 },
  );
  const named = ({ plan, operation }: Write): string => `${operation} of ${plan.name}`;

  it('are one for each table and operation, with each key once, in the order in which it came first', () => {
    fc.assert(
      fc.property(writes, (given) => {
        const grouped = groupWrites(given);
        expect(grouped.map(named).sort()).toEqual([...new Set(given.map(named))].sort());
        for (const group of grouped) {
          const keys = given
            .filter((each) => named(each) === named(group))
            .flatMap((each) => each.keys as Key[]);
          expect(group.keys).toEqual([...new Set(keys.flat())].map((key) => [key]));
        }
      }),
    );
  });

  it('have all writes of a table beside each other', () => {
    const given = [
      write(guests, 'insert', 1),
      write(rooms, 'insert', 1),
      write(guests, 'update', 1),
      write(rooms, 'update', 1),
    ];
    expect(groupWrites(given).map(named)).toEqual([
      'insert of guest',
      'update of guest',
      'insert of room',
      'update of room',
    ]);
  });

  it('are the same objects where there is but one', () => {
    const alone = [write(guests, 'insert', 1, 1)];
    expect(groupWrites(alone)).toBe(alone);
  });

  it('take a number and its text for the same key', () => {
    const [group] = groupWrites([write(guests, 'update', 1), write(guests, 'update', '1', 2)]);
    expect(group.keys).toEqual([['1'], [2]]);
  });

  it('keep the instance of a row that is written again without one', () => {
    const [ann, bob] = [{ name: 'Ann' }, { name: 'Bob' }];
    const [group] = groupWrites([
      { ...write(guests, 'update', 1), entities: [ann] },
      write(guests, 'update', 1, 2),
      { ...write(guests, 'update', 2), entities: [bob] },
    ]);
    expect(group.entities).toEqual([ann, bob]);
  });

  it('hold a fact only if every write told it', () => {
    const told = { areInserted: true, areGenerated: true, haveChanged: true };
    const [same] = groupWrites([
      { ...write(guests, 'insert', 1), ...told },
      { ...write(guests, 'insert', 2), ...told },
    ]);
    expect(same).toMatchObject(told);
    const [other] = groupWrites([
      { ...write(guests, 'insert', 1), ...told },
      { ...write(guests, 'insert', 2), ...told, areGenerated: false, haveChanged: undefined },
    ]);
    expect(other).toMatchObject({ areInserted: true, areGenerated: undefined, haveChanged: undefined });
  });

  it('do not ask a write of no rows for its facts', () => {
    const [group] = groupWrites([
      { ...write(guests, 'insert', 1), areInserted: true },
      write(guests, 'insert'),
    ]);
    expect(group.areInserted).toBe(true);
  });

  it('have places only if the place of each row is known', () => {
    const one: Write = { ...write(guests, 'insert', 1), places: ['(0,1)'] };
    const two: Write = { ...write(guests, 'insert', 2), places: ['(0,2)'] };
    expect(groupWrites([one, two])[0].places).toEqual(['(0,1)', '(0,2)']);
    expect(groupWrites([one, write(guests, 'insert', 2)])[0].places).toBeUndefined();
  });

  it('keep packed keys as they are, and a write of all rows once, behind the others', () => {
    const packed: Write = { ...write(guests, 'delete'), keys: { length: 40, chunks: [{ keys: '[[3]]' }] } };
    const all: Write = { ...write(guests, 'delete'), keys: 'all' };
    const grouped = groupWrites([all, packed, write(guests, 'delete', 1), all]);
    expect(grouped.map(({ keys }) => keys)).toEqual([[[1]], packed.keys, 'all']);
  });
});

it('keys of several columns are told apart by each of them', () => {
  const of = (...keys: Key[]): Write => ({ plan: rooms, operation: 'insert', keys });
  const [{ keys }] = groupWrites([of(['a', 'b,c']), of(['a,b', 'c'], ['a', 'b,c'])]);
  expect(keys).toEqual([
    ['a', 'b,c'],
    ['a,b', 'c'],
  ]);
});
