import { beforeAll, describe, expect, it } from '@jest/globals';
import { Column, type DataSource, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { type AuditPlan } from '../../../src/audited/audit-plan.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { entityIdOf, keyOf, keyLabel } from '../../../src/history/arguments/key-of.js';
import { Guest } from '../../support/entities/guest.js';
import { Seat } from '../../support/entities/seat.js';
import { withMetadata } from '../with-metadata.js';

class Place {
  @PrimaryColumn() row: number;
}

/** Its key is an embedded's column and a relation. */
@Audited()
@Entity()
class Ticket {
  @Column(() => Place) place: Place;
  @ManyToOne(() => Guest) @JoinColumn({ name: 'guest_fk' }) guest: Guest;
  @PrimaryColumn({ name: 'guest_fk' }) guestId: number;
  @Column({ type: 'varchar', nullable: true }) note: string | null;
}

@Audited()
@Entity()
class Day {
  @PrimaryColumn({ type: 'timestamp' }) at: Date;
}

@Audited()
@Entity()
class Amount {
  @PrimaryColumn({ type: 'decimal' }) amount: string;
}

let dataSource: DataSource;
let planOf: (target: new () => object) => AuditPlan;
beforeAll(async () => {
  dataSource = await withMetadata([Guest, Seat, Ticket, Amount]);
  planOf = (target) => auditPlansOf(dataSource).get(target);
});

describe('keyOf', () => {
  it('gives the values in the order of the key', () => {
    expect(keyOf(dataSource, planOf(Seat), { place: 2, hall: 'a' })).toEqual(['a', 2]);
    expect(keyOf(dataSource, planOf(Ticket), { guest: { id: 7 }, place: { row: 1 } }).sort()).toEqual([1, 7]);
    expect(keyOf(dataSource, planOf(Ticket), { guestId: 7, place: { row: 1 } }).sort()).toEqual([1, 7]);
  });

  it('gives a bigint as the text that drivers take', () => {
    expect(keyOf(dataSource, planOf(Guest), 9007199254740993n)).toEqual(['9007199254740993']);
  });

  it.each(['1abc', '', '1.0', ' 1', '0x1', 1.5, 2 ** 53])('refuses %j for an integer', (id) => {
    expect(() => keyOf(dataSource, planOf(Guest), id)).toThrow(InvalidArgumentError);
  });

  it.each(['1e999', 'NaN', '.', '1,5', '9'.repeat(400)])('refuses %j for a decimal', (id) => {
    expect(() => keyOf(dataSource, planOf(Amount), id)).toThrow(InvalidArgumentError);
  });

  it.each(['1', '-1.50', '.5', '1e3', '9007199254740993'])('takes %j for a decimal', (id) => {
    expect(keyOf(dataSource, planOf(Amount), id)).toEqual([id]);
  });

  it('refuses what is not a date where the driver takes one', async () => {
    const postgres = await withMetadata([Day], { type: 'postgres' });
    const plan = auditPlansOf(postgres).get(Day);
    expect(keyOf(postgres, plan, '2026-01-02T03:04:05Z')).toEqual([new Date('2026-01-02T03:04:05Z')]);
    expect(() => keyOf(postgres, plan, 'yesterday')).toThrow(InvalidArgumentError);
  });
});

describe('entityIdOf', () => {
  it('gives the value of a key of one column', () => {
    expect(entityIdOf(planOf(Guest).keys, () => 7)).toBe(7);
  });

  it('gives an object of several, as deep as the entity', () => {
    const values: Record<string, number> = { row: 1, guestId: 7 };
    const id = entityIdOf(planOf(Ticket).keys, ({ source }) => values[source.propertyName]);
    expect(id).toEqual({ place: { row: 1 }, guestId: 7 });
  });

  it('is what keyOf() takes', () => {
    const plan = planOf(Seat);
    const key = ['a', 2];
    expect(
      keyOf(
        dataSource,
        plan,
        entityIdOf(plan.keys, (_, n) => key[n]),
      ),
    ).toEqual(key);
  });
});

describe('keyLabel', () => {
  it.each([
    [[1], '1'],
    [['a,b', 2], 'a%2Cb,2'],
    [[new Date(0)], '1970-01-01T00%3A00%3A00.000Z'],
    [[Buffer.from([1, 255])], '01ff'],
  ])('writes %j as %s', (key, text) => {
    expect(keyLabel(key)).toBe(text);
  });
});
