import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Evolution, type Failure, type Variant } from '../../support/evolution/evolution.js';
import { type Kind } from '../../support/evolution/kind.js';
import { KINDS } from '../../support/evolution/kinds.js';
import {
  createDatabase,
  type DatabaseName,
  databasesOfThisRun,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';

/**
 * What isn't there yet. A line that has come true everywhere is to leave the list: where a statement of TypeORM's has
 * emptied a column of the entity's table, the next write is not to record that, and not to be blamed for it.
 */
const WAITING: readonly string[] = [];

const waitedFor = new Set<string>();

describeDatabases('A generated migration keeps the history:', (name) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(name, { file: true });
  });
  afterAll(() => database?.drop());
  const seen = new Set<string>();

  const plays = KINDS.filter(({ not }) => !not?.[name]).flatMap((kind) =>
    variantsOf(kind, name).map((variant) => ({ title: `${kind.title}, ${variant}`, kind, variant })),
  );
  it.each(plays)('$title', async ({ kind, variant }) => {
    const evolution = new Evolution(database, kind, variant);
    await evolution.play();
    const nameOf = ({ isEmptied, check }: Failure): string =>
      `${isEmptied ? 'emptied' : kind.title}: ${check}`;
    for (const failure of evolution.failures) seen.add(nameOf(failure));
    const failed = evolution.failures
      .filter((failure) => !WAITING.includes(nameOf(failure)))
      .map(({ stage, check, found }) => `${stage}: ${check}: ${found}`);
    expect({ statements: evolution.statements, failed }).toEqual({
      statements: expect.any(Array),
      failed: [],
    });
  });

  afterAll(() => {
    for (const name of seen) waitedFor.add(name);
  });
});

it('waits for nothing that is there', () => {
  // SQLite converts a column in place, so that little is to be waited for.
  const expected = databasesOfThisRun().includes('postgres') ? WAITING : [];
  expect(expected.filter((name) => !waitedFor.has(name))).toEqual([]);
});

function variantsOf({ emptied, unmendable }: Kind, name: DatabaseName): Variant[] {
  return emptied?.[name] && !unmendable ? ['as generated', 'mended'] : ['as generated'];
}
