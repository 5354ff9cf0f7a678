import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { clearAudited } from '../../../src/maintenance/clear-audited.js';
import { type AuditedDatabase, openAudited, readRevisions } from '../../support/worlds/audited-database.js';
import { addRows, FIRST_WRITES, histories } from '../../support/adoption/first-writes.js';
import { Customer, entities, Line, Note, Purchase, Tag } from '../../support/entities/shop.js';
import { describeDatabases } from '../../support/servers/databases.js';

describeDatabases('the first write of a row that was there before', (name) => {
  let database: AuditedDatabase;

  beforeAll(async () => {
    database = await openAudited(name, { entities });
  });

  afterAll(() => database?.close());

  beforeEach(async () => {
    await clearAudited(database.dataSource);
    await addRows(database.dataSource);
  });

  it.each(FIRST_WRITES)('leaves its baseline: $name', async ({ write, expected }) => {
    const { dataSource, context } = database;
    await context.run({ actor: 'Eve', reason: 'test' }, () => write(dataSource.manager));
    expect(await histories(dataSource)).toEqual(expected);
    for (const target of [Customer, Note, Purchase, Line, Tag])
      for (const { revOperation, revActor, revReason } of await readRevisions(dataSource, target))
        expect([revActor, revReason]).toEqual(revOperation === 'baseline' ? [null, null] : ['Eve', 'test']);
  });
});
