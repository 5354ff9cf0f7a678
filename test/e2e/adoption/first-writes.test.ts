import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type DataSource } from 'typeorm';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Changeset } from '../../../src/revision/changeset.js';
import { type RevisionColumns } from '../../../src/revision/revision-columns.js';
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
    await expectChangesets(dataSource, 'Eve');
  });

  it('is found by its actor, where another has only brought the baseline before in the transaction', async () => {
    const { dataSource, context } = database;
    const [{ id, name: present }] = await dataSource.getRepository(Customer).find();
    await dataSource.transaction(async (manager) => {
      const update = (actor: string, to: string) =>
        context.run({ actor }, () => manager.update(Customer, id, { name: to }));
      await update('Eve', present);
      await update('Mallory', 'another name');
    });
    const { items } = await new HistoryService(dataSource).feed({ actor: 'Mallory' });
    expect(items).toMatchObject([{ entityId: id, operation: 'update', version: 2, actor: 'Mallory' }]);
  });
});

/** Expects a changeset by an actor for each transaction and table with revisions, and no other. */
async function expectChangesets(dataSource: DataSource, actor: string): Promise<void> {
  const { all, own } = auditPlansOf(dataSource);
  const written = new Set<string>();
  for (const { revision, number } of all)
    for (const { revTransaction } of await dataSource.getRepository<RevisionColumns>(revision.target).find())
      written.add(`${number} ${revTransaction} ${actor}`);
  const changesets = await dataSource.getRepository<Changeset>(own!.changeset.target).find();
  expect(changesets.map(({ entity, id, actor: by }) => `${entity} ${id} ${by}`).sort()).toEqual(
    [...written].sort(),
  );
}
