import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Evolution, type Variant } from '../../support/evolution/evolution.js';
import { type Kind } from '../../support/evolution/kind.js';
import { KINDS } from '../../support/evolution/kinds.js';
import {
  createDatabase,
  type DatabaseName,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';

describeDatabases('A generated migration keeps the history:', (name) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(name, { file: true });
  });
  afterAll(() => database?.drop());

  const plays = KINDS.filter(({ not }) => !not?.[name]).flatMap((kind) =>
    variantsOf(kind, name).map((variant) => ({ title: `${kind.title}, ${variant}`, kind, variant })),
  );
  it.each(plays)('$title', async ({ kind, variant }) => {
    const evolution = new Evolution(database, kind, variant);
    await evolution.play();
    const failed = evolution.failures.map(({ stage, check, found }) => `${stage}: ${check}: ${found}`);
    expect({ statements: evolution.statements, failed }).toEqual({
      statements: expect.any(Array),
      failed: [],
    });
  });
});

function variantsOf({ emptied, unmendable }: Kind, name: DatabaseName): Variant[] {
  return emptied?.[name] && !unmendable ? ['as generated', 'mended'] : ['as generated'];
}
