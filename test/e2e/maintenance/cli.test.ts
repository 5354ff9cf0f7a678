import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { tmpdir, userInfo } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { attachAudit, Audited, MaintenanceRecord, Masked, revisionOf } from 'nestjs-typeorm-audit';
import { DataSource, Entity, Column, PrimaryColumn } from 'typeorm';
import { createDatabase, databasesOfThisRun, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

const KEY = 'a key of more than sixteen characters';

@Audited()
@Entity()
class Seat {
  @PrimaryColumn({ length: 5 })
  hall: string;

  @PrimaryColumn()
  place: number;

  @Column({ type: 'int' })
  price: number;

  @Masked()
  @Column({ type: 'varchar', nullable: true })
  note: string | null;
}

interface Ran {
  code: number;
  out: string;
  err: string;
}

let build: string;
// The command is what is published: JavaScript, that Node runs by itself.
beforeAll(async () => {
  build = await mkdtemp(join(process.cwd(), 'node_modules', '.audit-cli-'));
  await writeFile(join(build, 'package.json'), '{"type":"module"}');
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', build]);
}, 120_000);
afterAll(() => rm(build, { recursive: true, force: true }));

// MySQL says at length what MariaDB has said: see `npm run test:long`.
const isSaidTwice = process.env.LONG_TESTS !== 'true' && databasesOfThisRun().includes('mariadb');
const names = databasesOfThisRun().filter((name) => !isSaidTwice || name !== 'mysql');

describe.each(names)('the command (%s)', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  // What has nothing to do with the database is tested on the first.
  const once = (...given: Parameters<typeof it>): void => {
    if (name === databasesOfThisRun()[0]) it(...given);
  };

  beforeEach(async () => {
    database = await createDatabase(name, { file: true });
    dataSource = await new DataSource({
      ...database.options,
      entities: [Seat],
      synchronize: true,
    }).initialize();
    await dataSource.query(
      `INSERT INTO seat (hall, place, price) VALUES ('a', 1, 10), ('a', 2, 10), ('b,c', 1, 10)`,
    );
    const options = JSON.stringify(database.options);
    const source = `
      class Seat {}
      Masked()(Seat.prototype, 'note');
      const schema = new EntitySchema({ name: 'Seat', target: Seat, columns: {
        hall: { type: 'varchar', length: 5, primary: true }, place: { type: Number, primary: true },
        price: { type: 'int' }, note: { type: 'varchar', nullable: true } } });
      Audited()(schema);
      const dataSource = new DataSource({ ...${options}, entities: [schema], synchronize: true, logging: true });`;
    const imports = `import { DataSource, EntitySchema } from 'typeorm'; import { Audited, Masked } from './index.js';`;
    const requires = `const { DataSource, EntitySchema } = require('typeorm'); const { Audited, Masked } = require('./index.js');`;
    await writeFile(join(build, 'data-source.mjs'), `${imports}${source} export default dataSource;`);
    await writeFile(join(build, 'named.cjs'), `${requires}${source} exports.AppDataSource = dataSource;`);
    await writeFile(join(build, 'none.mjs'), 'export const dataSource = {};');
  });

  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const run = (...args: string[]): Promise<Ran> => runWith({}, args);

  /** @param isTime when to press Ctrl-C */
  async function runWith(
    env: NodeJS.ProcessEnv,
    args: string[],
    isTime?: () => Promise<boolean>,
  ): Promise<Ran> {
    let child: ChildProcess;
    let hasEnded = false;
    const ran = new Promise<Ran>((resolve) => {
      child = execFile(
        process.execPath,
        [join(build, 'cli', 'main.js'), ...args],
        { env: { ...process.env, AUDIT_MASK_KEY: KEY, ...env } },
        (error, out, err) => {
          hasEnded = true;
          resolve({ code: Number(error?.code ?? 0), out, err });
        },
      );
    });
    if (isTime) {
      while (!hasEnded && !(await isTime())) await sleep(20);
      child!.kill('SIGINT');
    }
    return ran;
  }

  const on = (command: string, ...args: string[]): Promise<Ran> =>
    run(command, '--data-source', join(build, 'data-source.mjs'), ...args);

  it('verifies, backfills, verifies again: exit codes 1, 0, 0, and nothing but text on a pipe', async () => {
    const before = await on('verify');
    expect(before).toMatchObject({ code: 1, err: '' });
    expect(before.out).toContain(`seat: 3 missing\n  { hall: 'a', place: 1 }\n`);
    expect(before.out).toContain('There are differences.');

    const dry = await on('backfill', '--dry-run', '--json');
    expect(JSON.parse(dry.out)).toMatchObject([{ missing: 3 }]);
    expect((await on('backfill', '--dry-run')).out).toBe(
      'seat: would write 3 baselines\nIn all: would write 3 baselines\n',
    );
    const done = await on('backfill', '--reason', 'go-live');
    expect(done).toEqual({
      code: 0,
      out: 'seat: wrote 3 baselines\nIn all: wrote 3 baselines\n',
      err: '',
    });
    expect(await dataSource.getRepository(MaintenanceRecord).find()).toMatchObject([
      { action: 'backfill', actor: userInfo().username, reason: 'go-live', details: { missing: 3 } },
    ]);
    expect(await on('verify', '--json')).toMatchObject({ code: 0, err: '' });
    attachAudit(dataSource, { maskKey: KEY });
    await expectInvariants(dataSource);
  }, 120_000);

  it('verifies from the place on where a run with a time budget stopped', async () => {
    const { maintenance } = attachAudit(dataSource, { maskKey: KEY });
    const { next } = await maintenance.verify(undefined, { batchSize: 2, timeBudgetSeconds: 1e-9 });
    const rest = await on('verify', '--from', next!, '--time-budget', '600', '--json');
    expect(rest.code).toBe(1);
    expect(JSON.parse(rest.out)).toMatchObject({
      isComplete: true,
      findings: [{ kind: 'missing', count: 1, keys: [{ hall: 'b,c', place: 1 }] }],
    });
    const refused = await on('verify', '--from', 'there');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(`from must be the next of a verify() of the same entities, got 'there'.`);
  }, 120_000);

  it('reconciles, prunes, erases and shows a timeline, from a CommonJS file too', async () => {
    const { maintenance } = attachAudit(dataSource, { maskKey: KEY });
    await maintenance.backfill();
    await dataSource.getRepository(Seat).update({ hall: 'b,c' }, { price: 11, note: 'x' });
    await dataSource.query(`UPDATE seat SET price = 12 WHERE place = 1`);
    const file = join(build, 'named.cjs');
    const reconciled = await run('reconcile', '--data-source', file, '--json', '--actor', 'ann');
    expect({ ...reconciled, out: JSON.parse(reconciled.out) }).toMatchObject({
      code: 0,
      out: [{ missing: 0, stale: 2, surplus: 0 }],
      err: '',
    });

    const timeline = await on('timeline', '--entity', 'Seat', '--id', 'b%2Cc,1');
    expect(timeline).toMatchObject({ code: 0, err: '' });
    expect(timeline.out.replace(/\S+Z/g, '<time>')).toBe(
      [
        '3  <time>  update  by ann',
        '     price: 11 → 12',
        '2  <time>  update',
        '     price: 10 → 11',
        "     note: null → '***'",
        '1  <time>  baseline',
        '',
      ].join('\n'),
    );
    const page = JSON.parse(
      (await on('timeline', '--entity', 'seat', '--id', 'b%2Cc,1', '--json', '--limit', '1')).out,
    );
    expect(page).toMatchObject({
      items: [{ version: 3, actor: 'ann', snapshot: { price: 12, note: '***' } }],
    });
    const next = ['--limit', '1', '--cursor', page.nextCursor];
    expect((await on('timeline', '--entity', 'seat', '--id', 'b%2Cc,1', ...next)).out).toMatch(
      /^2 .* update\n.*\n.*\nGo on with --cursor \S+\n$/,
    );

    expect((await on('prune', '--entity', 'seat', '--keep', '2', '--dry-run')).out).toBe(
      'seat: would remove 1 revision\nIn all: would remove 1 revision\n',
    );
    const pruned = await on('prune', '--entity', 'seat', '--keep', '2', '--json');
    expect(JSON.parse(pruned.out)).toMatchObject([{ removed: 1 }]);
    expect(
      JSON.parse((await on('prune', '--entity', 'seat', '--older-than', '30d', '--json')).out),
    ).toMatchObject([{ removed: 0 }]);
    const erased = await on(
      'erase',
      '--entity',
      'seat',
      '--id',
      'b%2Cc,1',
      '--columns',
      'note,revActor',
      '--reason',
      'request 12',
    );
    expect(erased).toMatchObject({
      code: 0,
      err: '',
      out: 'seat: erased 2 revisions, kept version 3, which still has a value in note\n',
    });
    await expectInvariants(dataSource, { erased: true });
  }, 120_000);

  once(
    'tells what it did not understand: exit code 2',
    async () => {
      const file = join(build, 'data-source.mjs');
      const cases: [args: string[], message: string][] = [
        [['verfy', '--data-source', file], '"verfy" is not a command. Did you mean verify?'],
        [
          ['audit', '--data-source', file],
          '"audit" is not a command. The commands are verify, backfill, reconcile, prune, erase, timeline.',
        ],
        [['verify', 'seat', '--data-source', file], 'verify doesn\'t know what to do with "seat".'],
        [['verify'], 'verify needs --data-source <file>.'],
        [['verify', '--data-source', join(build, 'nothing.js')], 'nothing.js does not exist.'],
        [['verify', '--data-source', join(build, 'none.mjs')], 'exports no DataSource'],
        [['verify', '--data-source', file, '--keep', '1'], 'verify takes no --keep. It takes --data-source,'],
        [
          ['verify', '--data-source', file, '--colour'],
          '--colour is not an option. The options are --data-source,',
        ],
        [['prune', '--data-source', file, '--dryRun'], '--dryRun is not an option. Did you mean --dry-run?'],
        [['prune', '--data-source', file, '-n'], '-n is not an option. The options are --data-source,'],
        [['verify', '--data-source', file, '--entity'], '--entity needs a value: --entity <name>.'],
        [['verify', '--data-source', '--json'], 'If it begins with a dash, write --data-source=--json.'],
        [['verify', '--data-source', file, '--json=yes'], '--json takes no value, got "yes". Leave it out.'],
        [['verify', '--data-source', file, '--data-source', file], '--data-source must be given once.'],
        [
          ['verify', '--data-source', file, '--entity', 'sofa'],
          '--entity must be an audited entity, got "sofa". They are seat.',
        ],
        [
          ['verify', '--data-source', file, '--time-budget', '0'],
          '--time-budget must be an integer of 1 or more, got "0".',
        ],
        [['prune', '--data-source', file, '--entity', 'seat'], 'keep or olderThan must be given'],
        [
          ['prune', '--data-source', file, '--entity', 'seat', '--keep', '0'],
          '--keep must be an integer of 1 or more, got "0".',
        ],
        [
          ['prune', '--data-source', file, '--entity', 'seat', '--older-than', 'soon'],
          '--older-than must be a date',
        ],
        [
          ['timeline', '--data-source', file, '--entity', 'seat', '--id', '1'],
          'id of Seat must have 2 values, got 1.',
        ],
      ];
      const ran = await Promise.all(cases.map(([args]) => run(...args)));
      ran.forEach((result, at) => {
        expect(result).toEqual({ code: 2, out: '', err: expect.stringContaining(cases[at][1]) });
        // No word of Node's own parser.
        expect(result.err).not.toMatch(/Unknown option|positional|ERR_/);
      });
    },
    120_000,
  );

  once(
    'names the environment variable where the mask key is missing or short: exit code 2',
    async () => {
      const file = join(build, 'data-source.mjs');
      const missing = await runWith({ AUDIT_MASK_KEY: undefined }, ['verify', '--data-source', file]);
      expect(missing).toMatchObject({ code: 2, out: '' });
      expect(missing.err).toContain('Seat.note is masked, which needs a secret key. Set AUDIT_MASK_KEY, ');
      const short = await runWith({ AUDIT_MASK_KEY: 'short' }, ['verify', '--data-source', file]);
      expect(short).toMatchObject({ code: 2, out: '' });
      expect(short.err).toContain('The mask key must have at least 16 characters, got 5');
      expect(short.err).toContain('Set AUDIT_MASK_KEY, ');
      expect(missing.err + short.err).not.toContain('audit option');
    },
    60_000,
  );

  it('stops between two batches on Ctrl-C, says how far it came, and goes on from there', async () => {
    const rows = Array.from({ length: 2000 }, (_, n) => `('d', ${n}, 10)`);
    await dataSource.query(`INSERT INTO seat (hall, place, price) VALUES ${rows.join(', ')}`);
    const revisions = dataSource.getRepository(revisionOf(Seat));
    const file = join(build, 'data-source.mjs');
    const stopped = await runWith(
      {},
      ['backfill', '--data-source', file, '--batch-size', '1'],
      async () => (await revisions.count()) > 5,
    );
    expect(stopped).toMatchObject({ code: 130, out: '' });
    const done = /^ {2}seat: (\d+) of 2003 done$/m.exec(stopped.err)?.[1];
    expect(stopped.err).toContain('Stopped by SIGINT.');
    expect(stopped.err).toContain('Run the same command again, and it goes on from there.');
    expect(await revisions.count()).toBe(Number(done));
    expect(Number(done)).toBeLessThan(2003);

    const left = 2003 - Number(done);
    expect((await on('backfill')).out).toContain(`seat: wrote ${left} baselines\n`);
    attachAudit(dataSource, { maskKey: KEY });
    await expectInvariants(dataSource);
  }, 120_000);

  once(
    'takes a TypeScript file with the loader of the process, and without any says what to install',
    async () => {
      const file = join(build, 'typed.cts');
      const source = await readFile(join(build, 'named.cjs'), 'utf8');
      await writeFile(file, source.replace('const dataSource =', 'const dataSource: object ='));
      const hook = join(build, 'hook.cjs');
      await writeFile(
        hook,
        `const { transformSync } = require('@swc/core');
      require.extensions['.cts'] = require.extensions['.ts'] = (module, filename) =>
        module._compile(transformSync(require('fs').readFileSync(filename, 'utf8'), {
          filename, jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }).code, filename);`,
      );
      const loaded = await runWith({ NODE_OPTIONS: `--require ${hook}` }, ['verify', '--data-source', file]);
      expect(loaded).toMatchObject({ code: 1, err: '', out: expect.stringContaining('seat: 3 missing') });

      const folder = await mkdtemp(join(tmpdir(), 'audit-cli-'));
      await writeFile(join(folder, 'data-source.ts'), 'export const none: number = 1;');
      const failed = await run('verify', '--data-source', join(folder, 'data-source.ts'));
      await rm(folder, { recursive: true });
      expect(failed).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringContaining('Install ts-node, or '),
      });
    },
    120_000,
  );

  it('fails with exit code 1 where the database does', async () => {
    await dataSource.query('DROP TABLE audit_maintenance');
    const failed = await on('backfill', '--json');
    expect(failed).toMatchObject({ code: 1, out: '' });
    expect(failed.err).toContain('audit_maintenance');
  });

  once(
    'shows an example for each command',
    async () => {
      const all = await run('--help');
      expect(all.code).toBe(0);
      for (const command of ['verify', 'backfill', 'reconcile', 'prune', 'erase', 'timeline']) {
        expect(all.out).toContain(`$ npx nestjs-typeorm-audit ${command} --data-source`);
        const one = await run(command, '--help');
        expect({ code: one.code, out: one.out }).toEqual({
          code: 0,
          out: expect.stringContaining(`$ npx nestjs-typeorm-audit ${command} --data-source`),
        });
      }
      expect(await run()).toMatchObject({ code: 2, out: all.out });
    },
    60_000,
  );
});
