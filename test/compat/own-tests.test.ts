import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databasesOfThisRun } from '../support/servers/databases.js';
import { prepareOwnTests, runOwnTests } from './own-tests.js';

const minutes = 60_000;

/** Whose claims are about what NestJS, TypeORM or class-transformer do, and differ between their release lines. */
const FILES = [
  'test/e2e/maintenance/clear-audited.test.ts',
  'test/e2e/context/shared-cls.test.ts',
  'test/e2e/http/decorators.test.ts',
  'test/e2e/http/hidden.test.ts',
  'test/e2e/masking/secret-columns.test.ts',
  'test/e2e/tables/shared-tables.test.ts',
  'test/e2e/tables/check.test.ts',
  'test/e2e/module/unattached.test.ts',
  'test/e2e/write-paths/bypasses.test.ts',
];

describe('on NestJS 11, TypeORM 0.3 and the class-transformer of npm', () => {
  let folder: string;
  let results: Awaited<ReturnType<typeof runOwnTests>>;
  beforeAll(async () => {
    folder = await prepareOwnTests();
    const databases = databasesOfThisRun().filter((name) => name === 'sqlite' || name === 'postgres');
    results = await runOwnTests(folder, FILES, databases.length > 0 ? databases : ['sqlite']);
  }, 10 * minutes);
  afterAll(() => rm(folder, { recursive: true }), 5 * minutes);

  it.each(FILES)('%s passes', (file) => {
    const { passed, others, message } = results.get(file)!;
    expect({ others, message }).toEqual({ others: [], message: '' });
    expect(passed.length).toBeGreaterThan(0);
  });
});
