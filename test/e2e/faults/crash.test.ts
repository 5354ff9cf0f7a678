import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions, EntitySchema } from 'typeorm';
import { attachAudit, Audited, revisionOf } from 'nestjs-typeorm-audit';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

// Many more with `npm run test:long`.
const KILLS = process.env.LONG_TESTS === 'true' ? 20 : 8;

const Account = new EntitySchema<{ id: number; balance: number }>({
  name: 'Account',
  columns: { id: { type: Number, primary: true, generated: true }, balance: { type: Number } },
});
Audited()(Account);

let build: string;
// The writer is a process of its own, and Node doesn't run TypeScript.
beforeAll(async () => {
  build = await mkdtemp(join(process.cwd(), 'node_modules', '.audit-crash-'));
  await writeFile(join(build, 'package.json'), '{"type":"module"}');
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', build]);
}, 120_000);
afterAll(() => rm(build, { recursive: true, force: true }));

describeDatabases('a process killed in mid-load', (name) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(name, { file: true });
  });
  afterAll(() => database.drop());

  it(
    `${KILLS} times leaves no row without its revision and no revision without its row`,
    async () => {
      let revisions = await check(database, true);
      for (let kill = 0; kill < KILLS; kill++) {
        await writeUntilKilled(database.options, 50 + kill * 10);
        const before = revisions;
        revisions = await check(database);
        expect(revisions).toBeGreaterThan(before);
      }
    },
    KILLS * 6000,
  );
});

/** Opens the database as after a restart, asserts the invariants, and gives the number of revisions. */
async function check({ options }: TestDatabase, synchronize = false): Promise<number> {
  const dataSource = await new DataSource({ ...options, entities: [Account], synchronize }).initialize();
  const { detach } = attachAudit(dataSource, {});
  try {
    await expectInvariants(dataSource);
    return await dataSource.getRepository(revisionOf(Account)).count();
  } finally {
    detach();
    await dataSource.destroy();
  }
}

async function writeUntilKilled(options: DataSourceOptions, milliseconds: number): Promise<void> {
  const writer = spawn(
    process.execPath,
    [join('test', 'support', 'faults', 'crash-writer.mjs'), join(build, 'index.js'), JSON.stringify(options)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  writer.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    writer.on('exit', (_, signal) => resolve(signal)),
  );
  await new Promise<void>((resolve, reject) => {
    writer.stdout.once('data', () => resolve());
    void ended.then(() => reject(new Error(`The writer ended by itself: ${errors}`)));
  });
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  writer.kill('SIGKILL');
  expect({ signal: await ended, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
}
