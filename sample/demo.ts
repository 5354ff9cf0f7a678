import { type INestApplication } from '@nestjs/common';
import { type Page, type Revision, revisionOf } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { Reservation } from './reservation.entity.js';
import { textTable } from './text-table.js';

/**
 * Books a table for Steve, changes and cancels it over HTTP, and shows the history that came of it.
 *
 * Each time it is a new reservation, so that it can be played again on a database that has some.
 *
 * @returns the reservation's id
 */
export async function playDemo(
  app: INestApplication,
  url: string,
  print: (text: string) => void,
): Promise<number> {
  const send = async (user: string, method: string, path: string, body?: object): Promise<unknown> => {
    const json = body && JSON.stringify(body);
    const headers = { 'x-user': user, ...(json && { 'content-type': 'application/json' }) };
    const response = await fetch(url + path, { method, headers, body: json });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
    print(`  ${user.padEnd(5)}  ${method} ${path}${json ? `  ${json}` : ''}`);
    return text === '' ? undefined : JSON.parse(text);
  };

  print('\nSteve books for 6 and comes with 4. Then he calls, and Ann cancels it.');
  const { id } = (await send('steve', 'POST', '/reservations', {
    name: 'Steve',
    date: '2026-12-24',
    party: 6,
  })) as Reservation;
  await send('steve', 'PATCH', `/reservations/${id}`, { party: 4 });
  await send('ann', 'DELETE', `/reservations/${id}?reason=Steve+called`);

  print(`\nWhat reservation_rev has of reservation ${id}, a revision in each column (of UUIDs the end)`);
  print(await revisionTable(app.get(DataSource), id));

  print('\nThe same as a timeline, newest first');
  const timeline = (await send('ann', 'GET', `/audit/reservation/${id}`)) as Page<Revision<Reservation>>;
  for (const revision of timeline.items) print(timelineEntry(revision));

  print('\nThe reservation as it was in version 2');
  const state = await send('ann', 'GET', `/audit/reservation/${id}/as-of?at=2`);
  print(`  ${JSON.stringify(state)}`);
  return id;
}

/** The rows as the database has them, with columns and rows exchanged: that fits into a terminal. */
async function revisionTable(dataSource: DataSource, id: number): Promise<string> {
  const revisions = dataSource.getRepository(revisionOf(Reservation));
  const rows = await revisions.find({ where: { id }, order: { revVersion: 'ASC' } });
  return textTable(
    revisions.metadata.columns.map((column) => [
      column.databaseName,
      ...rows.map((row) => shown(column.getEntityValue(row))),
    ]),
  );
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value) ? `…${value.slice(-12)}` : value;
}

function timelineEntry({
  version,
  operation,
  actor,
  reason,
  createdAt,
  changes,
}: Revision<Reservation>): string {
  const why = reason ? `, because "${reason}"` : '';
  return [
    `  version ${version}: ${operation} by ${actor} at ${String(createdAt)}${why}`,
    ...changes.map(({ property, from, to }) => `    ${property.padEnd(5)}  ${shown(from)} → ${shown(to)}`),
  ].join('\n');
}
