import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publint } from 'publint';
import { compile, installProject, type Line, type ModuleStyle, pack, runJest, runNode } from './projects.js';

const minutes = 60_000;
const lines: Line[] = ['NestJS 11, TypeORM 0.3', 'NestJS 12, TypeORM 1'];
const styles: ModuleStyle[] = ['commonjs', 'esm'];

let tarball: string;
beforeAll(async () => {
  tarball = await pack();
}, 5 * minutes);
afterAll(() => rm(dirname(tarball), { recursive: true, force: true }));

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

    // Jest can't require NestJS 12, which is ESM only.
    if (style === 'esm' || line === 'NestJS 11, TypeORM 0.3') {
      it('records in a jest suite', () => runJest(join(project, style), style), 2 * minutes);
    }
  });
});
