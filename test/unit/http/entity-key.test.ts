import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { parseId } from '../../../src/history/arguments/parse-id.js';
import { entityPath } from '../../../src/http/show/entity-path.js';
import { Guest } from '../../support/entities/guest.js';
import { Seat } from '../../support/entities/seat.js';
import { Tag } from '../../support/entities/tag.js';
import { withMetadata } from '../with-metadata.js';

@Audited({ name: 'a day/of' })
@Entity()
class Day {
  @PrimaryColumn({ type: 'datetime' }) at: Date;
  @PrimaryColumn({ type: 'boolean' }) isOpen: boolean;
  @PrimaryColumn({ type: 'blob' }) bytes: Buffer;
}

@Audited()
@Entity()
class Room {
  @PrimaryGeneratedColumn() id: number;
  @ManyToMany(() => Tag) @JoinTable({ name: 'room_tag' }) tags: Tag[];
}

let dataSource: DataSource;
beforeAll(async () => {
  dataSource = await withMetadata([Guest, Seat, Tag, Day, Room]);
});
const planOf = (target: string | (new () => object)) => auditPlansOf(dataSource).get(target);
const parse = (target: new () => object, segment: string) => parseId(segment, dataSource, planOf(target));

describe('the key in a path', () => {
  it('is one value, commas and all, or several', () => {
    expect(parse(Tag, 'a,b')).toEqual({ name: 'a,b' });
    expect(parse(Seat, 'a%2Cb,2')).toEqual({ hall: 'a,b', place: '2' });
  });

  it('is read as the JSON of a snapshot writes it', () => {
    const id = { at: new Date('2026-01-02T03:04:05.006Z'), isOpen: false, bytes: Buffer.from('hi') };
    const path = entityPath(planOf(Day), id);
    expect(path).toBe('a%20day%2Fof/2026-01-02T03%3A04%3A05.006Z,false,aGk%3D');
    expect(parse(Day, path!.split('/')[1])).toEqual(id);
  });

  it('leads back to the key that the path was made of, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (hall, place) => {
        const path = entityPath(planOf(Seat), { hall, place })!;
        expect(path.split('/')).toHaveLength(2);
        expect(parse(Seat, path.split('/')[1])).toEqual({ hall, place: String(place) });
      }),
    );
  });

  it.each([
    ['too few values', Seat, 'a'],
    ['too many values', Seat, 'a,2,3'],
    ['half an escape', Tag, '%E0%A4%A'],
    ['no date', Day, 'yesterday,true,aGk%3D'],
    ['no boolean', Day, '2026-01-02T03%3A04%3A05Z,yes,aGk%3D'],
  ])('is refused with %s', (_, target, segment) => {
    expect(() => parse(target, segment)).toThrow(InvalidArgumentError);
    expect(() => parse(target, segment)).toThrow(/^id\b/);
  });

  it('is none of a junction table', () => {
    const junction = dataSource.getMetadata('room_tag');
    expect(
      entityPath(
        auditPlansOf(dataSource).all.find(({ metadata }) => metadata === junction)!,
        1,
      ),
    ).toBeNull();
  });
});
