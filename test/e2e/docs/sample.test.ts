import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { playDemo } from '../../../sample/demo.js';
import { serve } from '../../../sample/server.js';
import {
  createDatabase,
  type DatabaseName,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

describeDatabases('the sample', (name) => {
  let database: TestDatabase;
  let app: INestApplication | undefined;

  beforeEach(async () => {
    database = await createDatabase(name, { file: true });
    process.env.DATABASE_URL = urlOf(database);
  });

  afterEach(async () => {
    delete process.env.DATABASE_URL;
    await app?.close();
    await database.drop();
  });

  it('shows the history of a reservation, at each start of a new one', async () => {
    app = await serve(0);
    expect(await play(app)).toEqual(demoOf(1, name));
    await app.close();
    app = await serve(0);
    expect(await play(app)).toEqual(demoOf(2, name));
    await expectInvariants(app.get(DataSource));
  });

  it('goes on serving, with Swagger UI, and the history to whoever says his name', async () => {
    app = await serve(0);
    await playDemo(app, await app.getUrl(), () => undefined);
    const get = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(`${await app!.getUrl()}${path}`, { headers })).status;
    expect(await get('/docs')).toBe(200);
    expect(await get('/audit/reservation/1')).toBe(401);
    expect(await get('/reservations')).toBe(401);
    expect(await get('/audit/reservation/1', { 'x-user': 'ann' })).toBe(200);
    expect(await get('/reservations', { 'x-user': 'ann' })).toBe(200);
  });

  it("doesn't start on a port that is taken", async () => {
    app = await serve(0);
    const port = Number(new URL(await app.getUrl()).port);
    await expect(serve(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

/** What the demo prints, less what differs from one time to another. */
async function play(app: INestApplication): Promise<string[]> {
  const printed: string[] = [];
  await playDemo(app, await app.getUrl(), (text) => printed.push(text));
  return printed
    .join('\n')
    .replace(/…[\da-f]{12}/g, '…')
    .replace(/\d{10}\.\d+/g, '<seconds>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .split('\n')
    .map((line) => line.replace(/(?<=\S) {2,}/g, '  '));
}

function demoOf(id: number, database: DatabaseName): string[] {
  const methods = ['POST', 'PATCH', 'DELETE'].map((method) => `"method":"${method}"`);
  const paths = ['', `/${id}`, `/${id}`].map((path) => `"path":"/reservations${path}"`);
  // jsonb, and MySQL's json, have their keys in an order of their own.
  const isOrdered = database === 'postgres' || database === 'mysql';
  const [first, second] = isOrdered ? [paths, methods] : [methods, paths];
  return [
    '',
    'Steve books for 6 and comes with 4. Then he calls, and Ann cancels it.',
    '  steve  POST /reservations  {"name":"Steve","date":"2026-12-24","party":6}',
    `  steve  PATCH /reservations/${id}  {"party":4}`,
    `  ann  DELETE /reservations/${id}?reason=Steve+called`,
    '',
    `What reservation_rev has of reservation ${id}, a revision in each column (of UUIDs the end)`,
    '  rev_id  …  …  …',
    '  rev_created  <seconds>  <seconds>  <seconds>',
    '  rev_isdelete  false  false  true',
    '  rev_version  1  2  3',
    '  rev_operation  insert  update  delete',
    '  rev_actor  steve  steve  ann',
    '  rev_reason  null  null  Steve called',
    '  rev_transaction  …  …  …',
    `  rev_context  ${first.map((member) => `{${member},`).join('  ')}`,
    `${' '.repeat(19)}${second.map((member) => `${member}}`).join('  ')}`,
    '  rev_shape  1962  1962  1962',
    `  id  ${id}  ${id}  ${id}`,
    '  name  Steve  Steve  null',
    '  date  2026-12-24  2026-12-24  null',
    '  party  6  4  null',
    '',
    'The same as a timeline, newest first',
    `  ann  GET /audit/reservation/${id}`,
    '  version 3: delete by ann at <time>, because "Steve called"',
    '    name  Steve → null',
    '    date  2026-12-24 → null',
    '    party  4 → null',
    '  version 2: update by steve at <time>',
    '    party  6 → 4',
    '  version 1: insert by steve at <time>',
    '    name  null → Steve',
    '    date  null → 2026-12-24',
    '    party  null → 6',
    '',
    'The reservation as it was in version 2',
    `  ann  GET /audit/reservation/${id}/as-of?at=2`,
    `  {"id":${id},"name":"Steve","date":"2026-12-24","party":4}`,
  ];
}

function urlOf({ options }: TestDatabase): string {
  switch (options.type) {
    case 'better-sqlite3':
      return `sqlite:${options.database}`;
    case 'postgres':
      return options.url!;
    case 'mysql':
    case 'mariadb': {
      const { type, username, password, host, port, database } = options;
      const user = [username!, password!].map(encodeURIComponent).join(':');
      return `${type}://${user}@${host}:${port}/${database}`;
    }
    default:
      throw new Error(`The sample has no URL for ${options.type}.`);
  }
}
