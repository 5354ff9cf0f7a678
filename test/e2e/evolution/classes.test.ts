import { expect, it } from '@jest/globals';
import { ChildEntity, Column, DataSource, Entity, PrimaryGeneratedColumn, TableInheritance } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { createDatabase, describeDatabases } from '../../support/servers/databases.js';

/** The entity before single-table inheritance. */
@Audited()
@Entity('payment')
class OldPayment {
  @PrimaryGeneratedColumn() id: number;
  @Column() amount: number;
}

@Audited()
@Entity('payment')
@TableInheritance({ column: { name: 'type', type: 'varchar', length: 20, default: 'card' } })
class Payment {
  @PrimaryGeneratedColumn() id: number;
  @Column() amount: number;
}
@ChildEntity('card')
class CardPayment extends Payment {}
@ChildEntity('cash')
class CashPayment extends Payment {}

describeDatabases('a table that gets classes', (name) => {
  it('has revisions from before, which are of the class that their rows got by default', async () => {
    const database = await createDatabase(name, { file: true });
    const open = (entities: (new () => object)[]): Promise<DataSource> =>
      new DataSource({ ...database.options, entities, synchronize: true }).initialize();
    const before = await open([OldPayment]);
    await attachAudit(before).checkTables();
    await before.getRepository(OldPayment).insert({ amount: 1 });
    await before.destroy();

    const dataSource = await open([Payment, CardPayment, CashPayment]);
    const { history } = attachAudit(dataSource);
    await dataSource.getRepository(CardPayment).update(1, { amount: 2 });
    await dataSource.getRepository(CashPayment).insert({ amount: 3 });
    expect((await history.timeline(CardPayment, 1)).items.map(({ version }) => version)).toEqual([2, 1]);
    expect((await history.timeline(CashPayment, 2)).items).toHaveLength(1);
    await expect(history.timeline(CashPayment, 1)).resolves.toMatchObject({ items: [] });
    const { items } = await history.feed({ entities: [CardPayment] });
    expect(items.map(({ entityId, version }) => [entityId, version])).toEqual([
      [1, 2],
      [1, 1],
    ]);
    await dataSource.destroy();
    await database.drop();
  });
});
