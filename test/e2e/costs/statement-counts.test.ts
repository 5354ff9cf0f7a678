import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type ComparedDatabases,
  openCompared,
  type RecordedDatabase,
} from '../../support/costs/compared-databases.js';
import { type CountedWrite, writes } from '../../support/costs/counted-writes.js';
import { describeDatabases } from '../../support/servers/databases.js';

describeDatabases('the statements of a write', (name) => {
  let compared: ComparedDatabases;
  beforeAll(async () => {
    compared = await openCompared(name);
  });
  afterAll(() => compared?.close());

  it.each(writes)('are as many more as known for $name', async ({ prepare, extra }) => {
    const statements = await statementsOf(compared.audited, prepare);
    const without = await statementsOf(compared.plain, prepare);
    const known = extra[name] ?? extra.other;
    const more = statements.length - without.length;
    // Compared as texts, so that a failure shows the one that has come or gone.
    if (more !== known) expect({ more, statements }).toEqual({ more: known, statements: without });
  });
});

// The first time is to learn what the database alone knows of a table.
async function statementsOf(
  { dataSource, recorder }: RecordedDatabase,
  prepare: CountedWrite['prepare'],
): Promise<string[]> {
  await (
    await prepare(dataSource.manager)
  )();
  const write = await prepare(dataSource.manager);
  recorder.clear();
  await write();
  // Whether revisions have been pruned is asked again from time to time.
  return recorder.statements.filter((statement) => !statement.includes('audit_maintenance'));
}
