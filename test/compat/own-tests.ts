import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  addSqliteBinding,
  asOurs,
  dependenciesOf,
  npmInstall,
  repository,
  run,
  writeJson,
} from './projects.js';

interface FileResult {
  name: string;
  message: string;
  assertionResults: { status: string; fullName: string }[];
}

/** Puts this repository's sources and tests beside NestJS 11, TypeORM 0.3, and what the tests import. */
export async function prepareOwnTests(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-own-tests-'));
  const nest = ['platform-fastify', 'testing'].map((name) => [`@nestjs/${name}`, '~11.2.0']);
  await writeJson(join(folder, 'package.json'), {
    private: true,
    type: 'module',
    dependencies: {
      ...(await dependenciesOf('NestJS 11, TypeORM 0.3')),
      ...Object.fromEntries(nest),
      '@nestjs/swagger': '^11.0.0',
      ...(await asOurs(['@casl/ability', 'class-transformer', 'supertest', 'uuid'])),
    },
  });
  await npmInstall(folder);
  await addSqliteBinding(folder);
  for (const part of ['src', 'test', 'docs'])
    await cp(join(repository, part), join(folder, part), { recursive: true });
  const text = await readFile(join(repository, 'jest.config.js'), 'utf8');
  // It compiles only, so it needn't be installed again.
  const compiler = join(repository, 'node_modules/@swc/jest/index.js');
  await writeFile(join(folder, 'jest.config.js'), text.replace("'@swc/jest'", JSON.stringify(compiler)));
  return folder;
}

/** Runs files of tests there, and gives by file which of its tests passed, and which didn't. */
export async function runOwnTests(
  folder: string,
  files: readonly string[],
  databases: readonly string[],
): Promise<Map<string, { passed: string[]; others: string[]; message: string }>> {
  const jest = join(repository, 'node_modules/jest/bin/jest.js');
  const output = join(folder, 'results.json');
  const args = ['--experimental-vm-modules', jest, '--rootDir', folder, '--json', '--outputFile', output];
  // It ends with 1 where a test fails: the results say which.
  await run(folder, process.execPath, [...args, ...files], { DATABASES: databases.join() }).catch(() => '');
  const { testResults } = JSON.parse(await readFile(output, 'utf8')) as { testResults: FileResult[] };
  return new Map(
    testResults.map(({ name, message, assertionResults }) => {
      const of = (isWanted: (status: string) => boolean): string[] =>
        assertionResults.filter(({ status }) => isWanted(status)).map(({ fullName }) => fullName);
      const passed = of((status) => status === 'passed');
      return [relative(folder, name), { passed, others: of((status) => status !== 'passed'), message }];
    }),
  );
}
