import { afterEach, expect, it } from '@jest/globals';
import {
  ActorRequiredError,
  type AttachedAudit,
  attachAudit,
  Audited,
  type AuditOptions,
  ReasonRequiredError,
} from 'nestjs-typeorm-audit';
import {
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited({ requireReason: false })
@Entity()
class Label {
  @PrimaryGeneratedColumn() id: number;
  @Column() text: string;
}

@Audited({ requireReason: true })
@Entity()
class Invoice {
  @PrimaryGeneratedColumn() id: number;
  @Column() total: number;
  @ManyToMany(() => Label) @JoinTable() labels: Label[];
}

@Audited()
@Entity()
class Line {
  @PrimaryGeneratedColumn() id: number;
  @Column() text: string;
  @ManyToOne(() => Invoice, { onDelete: 'CASCADE' }) invoice: Invoice;
}

describeDatabases('requireReason', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AttachedAudit;

  async function start(options: AuditOptions = {}): Promise<void> {
    database = await createDatabase(name);
    const entities = [Label, Invoice, Line];
    dataSource = new DataSource({ ...database.options, entities, synchronize: true });
    await dataSource.initialize();
    audit = attachAudit(dataSource, options);
  }

  afterEach(async () => {
    try {
      await expectInvariants(dataSource);
    } finally {
      await dataSource.destroy();
      await database.drop();
    }
  });

  const because = <T>(reason: string, fn: () => Promise<T>): Promise<T> => audit.context.run({ reason }, fn);
  const invoices = () => dataSource.getRepository(Invoice);

  it('refuses a write without a reason, and stores nothing of it', async () => {
    await start();
    const refused = invoices().save({ total: 1 });
    await expect(refused).rejects.toThrow(ReasonRequiredError);
    await expect(refused).rejects.toThrow(
      'A write to Invoice has no reason, and requireReason is on. Call AuditContext.set({ reason }) in the request, ' +
        'or wrap the write in AuditContext.run({ reason }, …).',
    );
    await expect(refused).rejects.toMatchObject({ entity: 'invoice' });
    await expect(invoices().insert({ total: 1 })).rejects.toThrow(ReasonRequiredError);
    await expect(because(' ', () => invoices().insert({ total: 1 }))).rejects.toThrow(ReasonRequiredError);
    expect(await invoices().count()).toBe(0);
    const { id } = await because('order 7', () => invoices().save({ total: 1 }));
    expect(await audit.history.latest(Invoice, id)).toMatchObject({ actor: null, reason: 'order 7' });
    await expect(invoices().update(id, { total: 2 })).rejects.toThrow(ReasonRequiredError);
    await expect(invoices().delete(id)).rejects.toThrow(ReasonRequiredError);
    expect(await invoices().findOneBy({ id })).toMatchObject({ total: 1 });
  });

  it('holds for the junction tables of an entity, and for no other table', async () => {
    await start();
    const label = await dataSource.getRepository(Label).save({ text: 'a' });
    const invoice = await because('r', () => invoices().save({ total: 1 }));
    const link = () => invoices().createQueryBuilder().relation('labels').of(invoice).add(label);
    await expect(link()).rejects.toThrow(ReasonRequiredError);
    await because('sorted', link);
  });

  it('holds for a module, with another decision of an entity, and for rows that a foreign key deletes', async () => {
    await start({ requireReason: true });
    await dataSource.getRepository(Label).save({ text: 'a' });
    const line = await because('r', async () => {
      const invoice = await invoices().save({ total: 1 });
      return dataSource.getRepository(Line).save({ text: 'a', invoice });
    });
    await expect(dataSource.getRepository(Line).update(line.id, { text: 'b' })).rejects.toThrow(
      'A write to Line has no reason',
    );
    await because('cancelled', () => invoices().delete(line.invoice.id));
    expect(await audit.history.latest(Line, line.id)).toMatchObject({
      operation: 'delete',
      reason: 'cancelled',
    });
  });

  it('names the actor too where both are required and missing', async () => {
    await start({ requireActor: true });
    const refused = invoices().save({ total: 1 });
    await expect(refused).rejects.toThrow(ActorRequiredError);
    await expect(refused).rejects.toThrow(
      'no actor and no reason, and requireActor and requireReason are on.',
    );
    await expect(refused).rejects.toMatchObject({ entity: 'invoice', lacksReason: true });
    await expect(because('r', () => invoices().save({ total: 1 }))).rejects.toThrow(
      'A write to Invoice has no actor, and requireActor is on.',
    );
    await expect(audit.context.run({ actor: 'ann' }, () => invoices().save({ total: 1 }))).rejects.toThrow(
      ReasonRequiredError,
    );
    expect(await invoices().count()).toBe(0);
  });

  it('lets a restore and an undo go on with a reason of their own', async () => {
    await start();
    const { id } = await because('r', () => invoices().save({ total: 1 }));
    await because('r', () => invoices().update(id, { total: 2 }));
    const restored = await because(' ', () => audit.history.restore(Invoice, id, 1));
    expect(restored).toMatchObject({ version: 3, reason: 'restore of version 1' });
    const [undone] = await audit.history.undo(restored!.transaction);
    expect(undone).toMatchObject({ reason: `undo of ${restored!.transaction}` });
  });

  it('holds for maintenance that writes', async () => {
    await start();
    const { maintenance } = audit;
    await expect(maintenance.backfill(Invoice)).rejects.toThrow(ReasonRequiredError);
    await expect(maintenance.prune(Invoice, { keep: 1 })).rejects.toThrow(ReasonRequiredError);
    await because('go-live', () => maintenance.backfill(Invoice));
    await maintenance.verify();
  });
});
