import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { npmInstall, repository } from './projects.js';

const modules = join(repository, 'node_modules');
/** The oldest TypeScript that is supported, and the last 5. They are no dependencies: each brings a `tsc` of its own. */
const OLDER = { 'typescript-5.4': '5.4.5', 'typescript-5.9': '5.9.3' };
const compilers = [...Object.keys(OLDER), 'typescript'];

jest.setTimeout(300_000);

describe('the published types', () => {
  let project: string;

  beforeAll(async () => {
    // `nestjs-typeorm-audit` is this package itself there, by the `exports` of its package.json.
    project = await mkdtemp(join(tmpdir(), 'audit-types-'));
    await symlink(modules, join(project, 'node_modules'));
    await copyFile(join(repository, 'package.json'), join(project, 'package.json'));
    await mkdir(join(project, 'compilers'));
    await writeFile(join(project, 'compilers/package.json'), '{ "private": true }');
    const older = Object.entries(OLDER).map(([name, version]) => `${name}@npm:typescript@${version}`);
    await npmInstall(join(project, 'compilers'), ...older);
    await cp(join(repository, 'test/types'), project, { recursive: true });
    const build = [
      '-p',
      'tsconfig.build.json',
      '--emitDeclarationOnly',
      '--outDir',
      join(project, 'dist/esm'),
    ];
    const compiler = join(modules, 'typescript');
    await tsc(compiler, repository, [...build, '--sourceMap', 'false', '--inlineSources', 'false']);
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  it.each(compilers.flatMap((compiler) => [true, false].map((strict) => ({ compiler, strict }))))(
    'are as test/types has them, by $compiler, strict: $strict',
    async ({ compiler, strict }) => {
      // The declarations themselves are checked too, by the oldest and by the newest.
      const skip = !strict || compiler === 'typescript-5.9';
      expect(await check(compiler, strict, ['--skipLibCheck', String(skip), 'history.ts'])).toBe('');
    },
  );

  it('take at most 25,000 instantiations for an entity of 200 columns', async () => {
    await writeFile(join(project, 'wide.ts'), wideEntities(12));
    const flags = ['--skipLibCheck', 'true', '--extendedDiagnostics', 'wide.ts'];
    const told = await check('typescript', true, flags);
    // Of TypeScript's instantiations, which are the same on every machine, an entity costs some 18,000.
    expect(Number(/Instantiations: +(\d+)/.exec(told)?.[1]) / 12).toBeLessThan(25_000);
  });

  function check(compiler: string, strict: boolean, flags: readonly string[]): Promise<string> {
    const common = ['--noEmit', '--target', 'ES2022', '--module', 'nodenext', '--experimentalDecorators'];
    const strictness = ['--strict', String(strict), '--strictPropertyInitialization', 'false'];
    const folder = compiler in OLDER ? join(project, 'compilers/node_modules') : modules;
    return tsc(join(folder, compiler), project, [...common, ...strictness, '--types', 'node', ...flags]);
  }
});

/** What the compiler in a folder prints: nothing when there are no errors. */
async function tsc(compiler: string, cwd: string, flags: readonly string[]): Promise<string> {
  const arguments_ = [join(compiler, 'bin/tsc'), '--pretty', 'false', ...flags];
  try {
    return (await promisify(execFile)(process.execPath, arguments_, { cwd })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}

/** Entities of 200 columns and 20 relations to each other, and reads of them. */
function wideEntities(number: number): string {
  const types = [
    'string',
    'number | null',
    'Date',
    'boolean',
    'string[]',
    'Record<string, unknown>',
    'bigint',
  ];
  const entities = Array.from({ length: number }, (_, n) => {
    const columns = Array.from({ length: 200 }, (_column, at) => `c${at}: ${types[at % types.length]};`);
    const relations = Array.from({ length: 10 }, (_relation, at) => {
      const related = `E${(n + at) % number}`;
      return `one${at}: ${related}; many${at}: ${related}[];`;
    });
    return `class E${n} { id: number; ${[...columns, ...relations].join(' ')} }
      export async function read${n}(history: HistoryService) {
        const [revision] = (await history.timeline(E${n}, { id: 1 }, { property: 'c1' })).items;
        const [loose]: Revision[] = [revision];
        for (const change of revision.changes) if (change.property === 'c2') change.to?.getTime();
        return [loose, revision.snapshot?.c0];
      }`;
  });
  return [`import { type HistoryService, type Revision } from 'nestjs-typeorm-audit';`, ...entities].join(
    '\n',
  );
}
