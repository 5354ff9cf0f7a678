import { expect } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import { attachAudit, Audited, AuditModule, HistoryService } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';

export { attachAudit, AuditModule };

/** With and without audit: a class for each, in a table of the same name. */
export function guestClass(isAudited: boolean) {
  @Entity('guest')
  class Guest {
    @PrimaryColumn('int') id: number;
    @Column({ unique: true }) name: string;
  }
  if (isAudited) Audited()(Guest);
  return Guest;
}

export type GuestClass = ReturnType<typeof guestClass>;

/** A service of an application whose methods are transactions by a decorator of the package under test. */
export interface GuestService {
  /** A save and an update in one. */
  both(): Promise<void>;
  /** The same, and then it fails. */
  fail(): Promise<void>;
  /** One in the other, both in the outer one's transaction. */
  nested(): Promise<void>;
  /** One in the other that fails and is caught, each in its own transaction. */
  apart(): Promise<void>;
}

/** What an application sees of the service, to be compared with and without audit. */
export async function play(service: GuestService, dataSource: DataSource): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const method of ['both', 'fail', 'nested', 'apart', 'both'] as const) {
    const outcome = await service[method]().then(
      () => 'ok',
      ({ name, message }: Error) => `${name}: ${message}`,
    );
    seen.push({ method, outcome, rows: await dataSource.query('SELECT * FROM guest ORDER BY id') });
  }
  return seen;
}

/** Expects the revisions of what `play()` has done, joined by their transactions. */
export async function expectHistory(app: INestApplication, Guest: GuestClass): Promise<void> {
  const revisionsOf = async (id: number) =>
    (await app.get(HistoryService).timeline(Guest, id, { order: 'asc' })).items;
  const ids = [1, 2, 3, 4, 5, 6, 7];
  const all = new Map(await Promise.all(ids.map(async (id) => [id, await revisionsOf(id)] as const)));
  const operations = Object.fromEntries(
    ids.map((id) => [id, all.get(id)!.map(({ operation }) => operation)]),
  );
  expect(operations).toEqual({
    1: ['insert', 'update'],
    2: ['insert'],
    // Of fail().
    3: [],
    // Of nested().
    4: ['insert'],
    5: ['insert'],
    // Of apart(): the inner one failed.
    6: ['insert'],
    7: [],
  });
  const transactions = (id: number) => all.get(id)!.map(({ transaction }) => transaction);
  expect(new Set([...transactions(1), ...transactions(2)]).size).toBe(1);
  expect(transactions(4)).toEqual(transactions(5));
  expect(transactions(6)).not.toEqual(transactions(5));
}
