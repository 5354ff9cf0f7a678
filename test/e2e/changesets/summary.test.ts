import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { attachAudit, type AttachedAudit, InvalidArgumentError } from 'nestjs-typeorm-audit';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Hall, Seat, Tag } from '../../support/costs/counted-writes.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

describeDatabases('who wrote what in a transaction', (name) => {
  const recorder = new QueryRecorder();
  let audited: AuditedDatabase;
  let audit: AttachedAudit;

  beforeEach(async () => {
    audited = await openAudited(name, { entities: [Seat, Hall, Tag], logging: ['query'], logger: recorder });
    audit = attachAudit(audited.dataSource);
  });
  afterEach(() => audited?.close());

  /** A transaction in which two write. */
  async function written(): Promise<string> {
    const { manager } = audited.dataSource;
    const { context } = audit;
    await manager.transaction(async (inner) => {
      await context.run({ actor: 'ann', onBehalf: 'zoe', action: 'open' }, () =>
        inner.insert(Seat, [{ number: 1 }, { number: 2 }]),
      );
      await context.run({ actor: 'bob', action: 'close' }, async () => {
        await inner.delete(Seat, { number: 2 });
        await inner.save(inner.create(Tag));
      });
    });
    const [{ id }] = await manager.query('SELECT DISTINCT rev_transaction AS id FROM seat_rev');
    return id;
  }

  it('is told by the changesets, by one query, and as of the first write', async () => {
    const id = await written();
    await expectInvariants(audited.dataSource);
    await audit.history.changeset(id);
    recorder.clear();
    const found = await audit.history.changeset(id);
    expect(recorder.queries).toHaveLength(1);
    const [first] = (await audit.history.transaction(id)).items;
    expect(found).toEqual({
      id,
      createdAt: expect.any(Date),
      actor: 'ann',
      onBehalf: 'zoe',
      action: 'open',
      request: null,
      entities: ['seat', 'tag'],
    });
    expect(Math.abs(found!.createdAt.getTime() - first.createdAt.getTime())).toBeLessThan(1_000);
  });

  it('is told by the revisions where there is no changeset', async () => {
    const id = await written();
    await audited.dataSource.query('DELETE FROM audit_changeset');
    const [{ createdAt }] = (await audit.history.transaction(id)).items;
    expect(await audit.history.changeset(id)).toEqual({
      id,
      createdAt,
      actor: 'ann',
      onBehalf: null,
      action: null,
      request: null,
      entities: ['seat', 'tag'],
    });
  });

  it('is told by the revisions in a database without the table, and so is all else', async () => {
    const id = await written();
    await audited.dataSource.query('DROP TABLE audit_changeset');
    const { history } = audit;
    expect(await history.changeset(id)).toMatchObject({ id, actor: 'ann', action: null });
    const { items } = await history.transaction(id);
    expect(items).toHaveLength(4);
    expect(await history.describe(items)).toEqual([
      expect.stringMatching(/^ann created seat/),
      expect.stringMatching(/^ann created seat/),
      expect.stringMatching(/^bob deleted seat/),
      expect.stringMatching(/^bob created tag/),
    ]);
    expect((await history.feed({ transaction: id })).items).toHaveLength(4);
    expect((await history.feed({ actor: 'bob' })).items).toHaveLength(2);
    expect((await history.feed({ action: 'open' })).items).toEqual([]);
    expect((await history.feed({ request: 'r1', transaction: id })).items).toEqual([]);
    expect(await history.undo(id, { dryRun: true }).catch((error: Error) => error.message)).toMatch(
      /audit_changeset/,
    );
  });

  it('is null of an unknown transaction, and refuses what is no id', async () => {
    expect(await audit.history.changeset('01a20739-8858-71ec-995e-eb88aea56717')).toBeNull();
    await expect(audit.history.changeset('x')).rejects.toThrow(InvalidArgumentError);
  });
});
