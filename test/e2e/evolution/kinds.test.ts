import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Check, Evolution, type Variant } from '../../support/evolution/evolution.js';
import { type Kind, KINDS } from '../../support/evolution/kinds.js';
import {
  createDatabase,
  type DatabaseName,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';

/** The checks that wait for comparisons by shape. One that has come true everywhere is to leave the list. */
const WAITING: readonly Check[] = ['verify', 'quiet', 'blame'];

describeDatabases('A generated migration keeps the history:', (name) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(name, { file: true });
  });
  afterAll(() => database?.drop());
  const seen = new Set<Check>();

  const plays = KINDS.filter(({ not }) => !not?.[name]).flatMap((kind) =>
    variantsOf(kind, name).map((variant) => ({ title: `${kind.title}, ${variant}`, kind, variant })),
  );
  it.each(plays)('$title', async ({ kind, variant }) => {
    const evolution = new Evolution(database, kind, variant);
    await evolution.play();
    for (const { check } of evolution.failures) seen.add(check);
    const failed = evolution.failures
      .filter(({ check }) => !WAITING.includes(check))
      .map(({ stage, check, found }) => `${stage}: ${check}: ${found}`);
    expect({ statements: evolution.statements, failed }).toEqual({
      statements: expect.any(Array),
      failed: [],
    });
  });

  it('waits for what is not there yet, and for nothing else', () => {
    expect([...seen].sort()).toEqual([...WAITING].sort());
  });
});

function variantsOf({ emptied, unmendable }: Kind, name: DatabaseName): Variant[] {
  return emptied?.[name] && !unmendable ? ['as generated', 'mended'] : ['as generated'];
}
