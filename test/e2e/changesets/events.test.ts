import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  attachAudit,
  type AttachedAudit,
  AuditLog,
  InvalidArgumentError,
  revisionOf,
} from 'nestjs-typeorm-audit';
import { type DataSource } from 'typeorm';
import { AuditEvent } from '../../../src/revision/audit-event.js';
import { Hall, Seat, Tag } from '../../support/costs/counted-writes.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

describeDatabases('AuditLog.record()', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let audit: AttachedAudit;
  let log: AuditLog;
  const events = (): Promise<AuditEvent[]> =>
    dataSource.getRepository(AuditEvent).find({ order: { id: 'ASC' } });

  beforeEach(async () => {
    audited = await openAudited(name, { entities: [Seat, Hall, Tag] });
    ({ dataSource } = audited);
    audit = attachAudit(dataSource);
    ({ log } = audit);
  });

  afterEach(() => audited?.close());

  it('writes an event on its own, with the actor of the context', async () => {
    await audit.context.run({ actor: 'Łukasz', onBehalf: 'zoe', reason: 'r' }, () =>
      log.record({
        action: 'export',
        outcome: 'success',
        target: 'Grüße.csv',
        details: { rows: 7, to: 'Zoë' },
      }),
    );
    await log.record({ action: 'login' });
    expect(await events()).toEqual([
      expect.objectContaining({
        actor: 'Łukasz',
        onBehalf: 'zoe',
        action: 'export',
        request: null,
        outcome: 'success',
        entity: null,
        target: 'Grüße.csv',
        details: { rows: 7, to: 'Zoë' },
      }),
      expect.objectContaining({ actor: null, action: 'login', outcome: null, target: null, details: null }),
    ]);
  });

  it('lives and dies with a transaction whose manager it gets', async () => {
    await dataSource.transaction(async (manager) => {
      await log.record({ action: 'approve' }, { manager });
      await manager.insert(Seat, { number: 1 });
    });
    await dataSource
      .transaction(async (manager) => {
        await log.record({ action: 'deny' }, { manager });
        throw new Error('no');
      })
      .catch(() => undefined);
    const [event, ...others] = await events();
    const [revision] = await dataSource.getRepository(revisionOf(Seat)).find();
    expect(event).toMatchObject({ action: 'approve', transaction: revision.revTransaction });
    expect(others).toEqual([]);
  });

  // There a transaction that is open on the one connection takes the event along.
  if (name !== 'sqlite')
    it('stays where the transaction around it is rolled back', async () => {
      await dataSource
        .transaction(async (manager) => {
          await manager.insert(Seat, { number: 1 });
          await log.record({ action: 'login', outcome: 'failure' });
          throw new Error('no');
        })
        .catch(() => undefined);
      expect(await events()).toMatchObject([{ action: 'login', outcome: 'failure' }]);
      expect(await dataSource.getRepository(Seat).count()).toBe(0);
    });

  it.each([
    [{ action: '' }, 'action must not be blank, got "".'],
    [{ action: ' ' }, 'action must not be blank, got " ".'],
    [{ action: 'x'.repeat(256) }, 'action must have at most 255 characters, got 256.'],
    [{ action: 7 }, 'action must be a string, got number.'],
    [{ action: 'login', outcome: 'a very long outcome' }, 'outcome must have at most 16 characters, got 19.'],
    [
      { action: 'login', details: 'three rows' },
      'details must be an object such as { rows: 3 }, got string.',
    ],
    [{ action: 'login', details: [3] }, 'details must be an object such as { rows: 3 }, got an array.'],
    [{ action: 'login', target: 'a\0' }, 'target has the character U+0000'],
  ])('refuses %j', async (event, problem) => {
    const refused = log.record(event as never);
    await expect(refused).rejects.toThrow(InvalidArgumentError);
    await expect(refused).rejects.toThrow(problem);
    expect(await events()).toEqual([]);
  });
});
