import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publint } from 'publint';
import { databasesOfThisRun } from '../support/servers/databases.js';
import { commandSetUps, playMigrations } from './command-set-ups.js';
import { expectTenantHistory, expectTransactionHistory, type Played } from './packages.js';
import {
  addAdminJs,
  addPackages,
  addSecondTypeorm,
  compile,
  installProject,
  type Line,
  type ModuleStyle,
  pack,
  removeSecondTypeorm,
  resolvedVersions,
  runJest,
  runNode,
} from './projects.js';

const minutes = 60_000;
const lines: Line[] = ['NestJS 11, TypeORM 0.3', 'NestJS 12, TypeORM 1'];
const styles: ModuleStyle[] = ['commonjs', 'esm'];

const transactional = ['@nestjs-cls/transactional@3.3.0', '@nestjs-cls/transactional-adapter-typeorm@1.4.1'];
const packages: Record<Line, readonly string[]> = {
  'NestJS 11, TypeORM 0.3': [
    ...transactional,
    '@nestjs/platform-express@~11.2.0',
    '@avallone-io/rls@2.0.4',
    'pg@8',
  ],
  'NestJS 12, TypeORM 1': [...transactional, '@nestjs/platform-express@^12.0.0'],
};

/** What `one-context.ts` prints. */
const oneContext = {
  hasOneStore: true,
  reason: 'a guest called',
  context: { requestId: 'cls-1', method: 'POST', path: '/reservations' },
};

let tarball: string;
beforeAll(async () => {
  tarball = await pack();
}, 5 * minutes);
// A project has some 30,000 files: on a busy disk that takes minutes.
afterAll(() => rm(dirname(tarball), { recursive: true, force: true }), 5 * 60_000);

describe.each(lines)('the packed package with %s', (line) => {
  let project: string;
  beforeAll(async () => {
    project = await installProject(line, tarball);
  }, 5 * minutes);

  it('is packed as publint wants it', async () => {
    const { messages } = await publint({
      pkgDir: join(project, 'node_modules/nestjs-typeorm-audit'),
      pack: false,
    });
    expect(messages).toEqual([]);
  });

  it('is one package in one process, by import and by require', async () => {
    expect(await runNode(join(project, 'esm'), 'one-class.mjs')).toBe(true);
  });

  describe('beside packages that take the data source into their hands', () => {
    beforeAll(() => addPackages(project, packages[line]), 5 * minutes);
    const playTwice = async (script: string): Promise<Played> => {
      const folder = join(project, 'packages');
      const plain = (await runNode(folder, script, 'plain')) as Played;
      const audited = (await runNode(folder, script, 'audited')) as Played;
      expect(audited.played).toEqual(plain.played);
      return audited;
    };

    it(
      'records a @Transactional() of @nestjs-cls/transactional in one transaction, with its actor, or not at all',
      async () => expectTransactionHistory(await playTwice('cls-transactional.cjs')),
      minutes,
    );

    // It was made for TypeORM 0.3, and fails on TypeORM 1 without us too.
    if (line === 'NestJS 11, TypeORM 0.3' && databasesOfThisRun().includes('postgres')) {
      it(
        'has each statement of @avallone-io/rls run as its tenant',
        async () => expectTenantHistory(await playTwice('rls.cjs')),
        minutes,
      );
    }
  });

  // Its adapter is for TypeORM 0.3.
  if (line === 'NestJS 11, TypeORM 0.3') {
    it(
      'starts AdminJS with databases: [dataSource], whose writes are recorded and whose pages show the history',
      async () => {
        const folder = await addAdminJs(project);
        const plain = (await runNode(folder, 'main.mjs', 'plain')) as { played: unknown };
        const audited = (await runNode(folder, 'main.mjs', 'audited')) as { played: unknown };
        expect(audited.played).toEqual(plain.played);
        expect(audited).toMatchObject({
          pages: [
            { id: 'GuestRev', writes: [] },
            { id: 'MaintenanceRecord', writes: [] },
            { id: 'Shape', writes: [] },
            { id: 'Changeset', writes: [] },
            { id: 'AuditEvent', writes: [] },
          ],
          revisions: [
            [1, 'insert', 'Ann'],
            [2, 'update', 'Bea'],
            [3, 'delete', null],
          ],
          ok: true,
        });
      },
      5 * minutes,
    );
  }

  // None is of a run with one server alone.
  const setUps = commandSetUps(line);
  if (setUps.length > 0)
    it.each(setUps)(
      "has its tables in the migrations of TypeORM's commands: $style, $files, $entities, $database, $options",
      (setUp) => playMigrations(project, setUp),
      5 * minutes,
    );

  describe.each(styles)('in an application of %s modules', (style) => {
    it(
      'type-checks, and records the life of an entity',
      async () => {
        await compile(join(project, style));
        expect(await runNode(join(project, style), 'out/main.js')).toEqual({
          timeline: [
            { version: 3, operation: 'delete', isDelete: true, actor: 'ann', party: null },
            { version: 2, operation: 'update', isDelete: false, actor: 'ann', party: 4 },
            { version: 1, operation: 'insert', isDelete: false, actor: 'ann', party: 2 },
          ],
          rows: 3,
          actor: 'bob',
        });
      },
      2 * minutes,
    );

    it('shares the context of an application that mounts nestjs-cls', async () => {
      expect(await runNode(join(project, style), 'out/one-context.js')).toEqual(oneContext);
    });

    // Jest can't require NestJS 12, which is ESM only.
    if (style === 'esm' || line === 'NestJS 11, TypeORM 0.3') {
      it('records in a jest suite', () => runJest(join(project, style), style), 2 * minutes);
    }
  });

  it('names both copies of TypeORM where two are loaded', async () => {
    await addSecondTypeorm(project);
    const typeorm = join(project, 'node_modules/typeorm');
    for (const script of ['two-typeorms.cjs', 'two-typeorms.mjs']) {
      const message = await runNode(join(project, 'esm'), script);
      expect(message).toMatch('Two copies of TypeORM are loaded');
      expect(message).toMatch(` in ${typeorm}. The one of nestjs-typeorm-audit: `);
      expect(message).toMatch(
        ` in ${join(project, 'node_modules/nestjs-typeorm-audit/node_modules/typeorm')}. `,
      );
      expect(message).toMatch('npm dedupe');
    }
  });

  // Package managers choose it for NestJS 11 too, and only its CommonJS modules can be loaded there.
  if (line === 'NestJS 11, TypeORM 0.3') {
    describe('and nestjs-cls 7', () => {
      beforeAll(async () => {
        await removeSecondTypeorm(project);
        await addPackages(project, ['nestjs-cls@7.0.0', 'webpack@5']);
      }, 5 * minutes);

      it(
        'type-checks, records the life of an entity, and shares the context of the application',
        async () => {
          await compile(join(project, 'commonjs'));
          expect(await runNode(join(project, 'commonjs'), 'out/main.js')).toMatchObject({
            rows: 3,
            actor: 'bob',
          });
          expect(await runNode(join(project, 'commonjs'), 'out/one-context.js')).toEqual(oneContext);
        },
        2 * minutes,
      );

      it('records in a jest suite', () => runJest(join(project, 'commonjs'), 'commonjs'), 2 * minutes);

      it(
        'can be bundled by webpack',
        async () => {
          const folder = join(project, 'packages');
          expect(await runNode(folder, 'bundled.cjs')).toEqual(['AuditModule', 'ClsModule']);
        },
        minutes,
      );
    });
  }
});

it(
  'is accepted by npm in a project that has NestJS by @nestjs/typeorm only',
  async () => {
    const versions = await resolvedVersions({ '@nestjs/typeorm': '^11.0.0' }, tarball);
    expect(versions['node_modules/@nestjs/core']).toMatch(/^11\./);
    expect(versions).not.toHaveProperty('node_modules/@nestjs/swagger');
  },
  minutes,
);
