import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  Column,
  Entity,
  type EntityManager,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../../src/revision/revision-of.js';
import { expectInvariants } from '../../../support/assertions/invariants.js';
import { describeWorlds, openWorld, type World, worldNames } from '../../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Cart {
  @PrimaryColumn('int') id: number;
}

@Audited()
@Entity()
class Item {
  @PrimaryColumn('int') id: number;
  @Column('int', { default: 0 }) touched: number;
  @Column('int') cartId: number;
  @ManyToOne(() => Cart, { onDelete: 'CASCADE', onUpdate: 'CASCADE' })
  @JoinColumn({ name: 'cartId' })
  cart: Cart;
}

@Audited()
@Entity()
class Remark {
  @PrimaryColumn('int') id: number;
  @Column('int', { default: 0 }) touched: number;
  @Column('int', { nullable: true }) itemId: number | null;
  @ManyToOne(() => Item, { onDelete: 'SET NULL' }) @JoinColumn({ name: 'itemId' }) item: Item | null;
}

/** What triggers have seen. */
@Entity()
class Fired {
  @PrimaryGeneratedColumn() id: number;
  @Column() event: string;
}

const entities = [Cart, Item, Remark, Fired];
const triggers = [
  'CREATE TRIGGER touch_item BEFORE UPDATE ON item FOR EACH ROW SET NEW.touched = OLD.touched + 1',
  'CREATE TRIGGER touch_remark BEFORE UPDATE ON remark FOR EACH ROW SET NEW.touched = OLD.touched + 1',
  "CREATE TRIGGER see_item BEFORE DELETE ON item FOR EACH ROW INSERT INTO fired (event) VALUES (concat('delete of item ', OLD.id))",
  "CREATE TRIGGER see_remark AFTER UPDATE ON remark FOR EACH ROW INSERT INTO fired (event) VALUES (concat('update of remark ', OLD.id))",
];

const SET = 'SET SESSION enable_cascade_triggers';

/** What the tables hold, and what triggers have seen, after a write under a setting of its session. */
async function played(
  { dataSource, reset }: World,
  setting: 'ON' | 'OFF',
  write: (manager: EntityManager) => Promise<unknown>,
): Promise<unknown> {
  await reset();
  const runner = dataSource.createQueryRunner();
  try {
    const { manager } = runner;
    // 8.x has no such variable, and its cascades fire no triggers.
    const [{ known }] = (await runner.query(
      "SELECT count(*) AS known FROM performance_schema.session_variables WHERE variable_name = 'enable_cascade_triggers'",
    )) as { known: string }[];
    if (Number(known) > 0) await runner.query(`${SET} = ${setting}`);
    await manager.insert(Cart, [{ id: 1 }, { id: 2 }]);
    await manager.insert(Item, [
      { id: 1, cartId: 1 },
      { id: 2, cartId: 1 },
      { id: 3, cartId: 2 },
    ]);
    await manager.insert(Remark, [
      { id: 1, itemId: 1 },
      { id: 2, itemId: 3 },
    ]);
    await write(manager);
    if (Number(known) > 0) await runner.query(`${SET} = DEFAULT`);
    return {
      fired: (await manager.find(Fired)).map(({ event }) => event).sort(),
      carts: await manager.find(Cart),
      items: await manager.find(Item, { order: { id: 'ASC' } }),
      remarks: await manager.find(Remark, { order: { id: 'ASC' } }),
    };
  } finally {
    await runner.release();
  }
}

describeWorlds(
  'cascades of MySQL beside triggers',
  { entities },
  (world, name) => {
    let plain: World;
    beforeAll(async () => {
      plain = await openWorld(name, { entities }, false);
      for (const { dataSource } of [world(), plain])
        for (const trigger of triggers) await dataSource.query(trigger);
    });
    afterAll(() => plain?.close());

    it.each(['ON', 'OFF'] as const)(
      'are recorded, and fire the triggers that they fire without audit, with enable_cascade_triggers = %s',
      async (setting) => {
        const writes: ((manager: EntityManager) => Promise<unknown>)[] = [
          (manager) => manager.delete(Cart, 1),
          (manager) => manager.delete(Cart, { id: 1 }),
          async (manager) => manager.remove(await manager.findOneByOrFail(Cart, { id: 1 })),
          (manager) => manager.update(Cart, 1, { id: 9 }),
        ];
        for (const write of writes) {
          const audited = await played(world(), setting, write);
          await expectInvariants(world().dataSource);
          expect(audited).toEqual(await played(plain, setting, write));
        }
      },
    );

    it('leave in the history what their triggers have made of the rows', async () => {
      const { manager } = world();
      await played(world(), 'ON', (inner) => inner.delete(Cart, 1));
      const revision = await manager.findOneOrFail(revisionOf(Remark), { where: { id: 1, revVersion: 2 } });
      const { itemId, touched } = await manager.findOneByOrFail(Remark, { id: 1 });
      // As of MySQL 9.7; a server without the setting fires none.
      expect({ itemId, touched }).toEqual({ itemId: null, touched: 1 });
      expect({ itemId: revision.itemId, touched: revision.touched }).toEqual({ itemId, touched });
      const items = await manager.find(revisionOf(Item), { where: { id: 1 }, order: { revVersion: 'ASC' } });
      expect(items.map(({ revOperation }) => revOperation)).toEqual(['insert', 'delete']);
    });
  },
  worldNames().filter((name) => name === 'mysql'),
);
