import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type DataSource } from 'typeorm';
import { HistoryService } from '../../../src/history/history.service.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { hotel } from '../../support/entities/hotel.js';
import { hotelReads } from '../../support/time-travel/hotel-reads.js';
import { openHotel, rebuildHotel } from '../../support/time-travel/hotel-writes.js';

/** As JSON. The order of related rows is the database's own unless it is asked for, so they are sorted here. */
function asJson(value: unknown): unknown {
  const json: unknown = JSON.parse(JSON.stringify(value ?? null));
  return Array.isArray(json) ? json.map(sortedWithin) : sortedWithin(json);
}

function sortedWithin(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return value.map(sortedWithin).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sortedWithin(inner)]));
}

describeDatabases('reads of the past are what they were', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let then: Date;
  const recorded = new Map<string, unknown>();

  beforeAll(async () => {
    audited = await openAudited(name, { entities: hotel });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    await openHotel(dataSource);
    for (const [title, read] of Object.entries(hotelReads))
      recorded.set(title, asJson(await read(dataSource.manager, dataSource)));
    then = new Date();
    await new Promise((resolve) => setTimeout(resolve, 3));
    await rebuildHotel(dataSource);
    await expectInvariants(dataSource);
  });
  afterAll(() => audited.close());

  it('in more than sixty kinds, most of which give something else today', async () => {
    const kinds = Object.entries(hotelReads);
    expect(kinds.length).toBeGreaterThan(60);
    for (const lazy of ['lazy to-one', 'lazy to-many, and lazy from there', 'lazy of a joined entity'])
      expect(JSON.stringify(recorded.get(lazy))).toContain('Bob');
    const changed: string[] = [];
    for (const [title, read] of kinds) {
      const today = asJson(await read(dataSource.manager, dataSource).catch(() => 'not found'));
      if (JSON.stringify(today) !== JSON.stringify(recorded.get(title))) changed.push(title);
    }
    expect(kinds.map(([title]) => title).filter((title) => !changed.includes(title))).toEqual([
      'findOneBy of what was not there',
      'findBy of one that was deleted before',
      'what is not audited',
    ]);
  });

  it.each(Object.entries(hotelReads))('%s', async (title, read) => {
    expect(recorded.get(title)).toBeDefined();
    expect(asJson(await read(history.at(then), dataSource))).toEqual(recorded.get(title));
  });
});
