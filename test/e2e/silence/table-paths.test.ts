import { describe, expect, it } from '@jest/globals';
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type QueryRunner,
  Table,
} from 'typeorm';
import { RevisionDeleteForbiddenError, RevisionInsertForbiddenError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { tableAtPath } from '../../../src/capture/tables/table-at-path.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { describeTwins, isMysql, isSqlite, settled } from '../../support/worlds/twins.js';
import { type World, type WorldName } from '../../support/worlds/write-worlds.js';

const doubled = { to: (value: number) => value * 2, from: (value: number) => value / 2 };

class Size {
  @Column({ name: 'size_w', default: 1 }) width: number;
  @Column({ name: 'size_h', default: 1 }) height: number;
}

@Audited()
@Entity('crate')
class Box {
  @PrimaryGeneratedColumn({ name: 'crate_no' }) id: number;
  @Column({ name: 'crate_code', length: 20, unique: true }) code: string;
  @Column(() => Size, { prefix: false }) size: Size;
  @DeleteDateColumn() gone: Date | null;
}

/** Its key is the one of its box, and another. */
@Audited()
@Entity('crate_item')
class Item {
  @ManyToOne(() => Box, { onDelete: 'CASCADE', onUpdate: 'CASCADE' })
  @JoinColumn({ name: 'box_ref' })
  box: Box;
  @PrimaryColumn({ name: 'box_no' }) boxId: number;
  @PrimaryColumn({ type: 'int', transformer: doubled }) place: number;
  @Column({ nullable: true, type: 'varchar', length: 20 }) note: string | null;
  @ManyToMany(() => Box)
  @JoinTable({
    name: 'crate_spare',
    joinColumns: [
      { name: 'item_box', referencedColumnName: 'boxId' },
      { name: 'item_place', referencedColumnName: 'place' },
    ],
    inverseJoinColumns: [{ name: 'spare' }],
  })
  spares: Box[];
}

@Entity('shelf')
class Shelf {
  @PrimaryColumn('int') id: number;
}

// Not audited, and audited rows follow it.
@Audited()
@Entity('shelf_board')
class Board {
  @PrimaryColumn('int') id: number;
  @ManyToOne(() => Shelf, { onDelete: 'CASCADE' }) shelf: Shelf;
}

const entities = [Box, Item, Shelf, Board];

/** Other spellings of a table, none of which TypeORM knows an entity by. */
function spellings({ name, dataSource }: Pick<World, 'name' | 'dataSource'>, table: string): string[] {
  if (isSqlite(name)) return [`main.${table}`, table.toUpperCase(), `MAIN.${table}`];
  if (isMysql(name)) return [`${String(dataSource.options.database)}.${table}`];
  return [`public.${table}`];
}
const spelt = (world: World, table: string): string => spellings(world, table)[0];

// TypeORM takes the columns of several rows from nowhere else.
const insert = (world: World, table: string, values: object | object[]) =>
  world.manager
    .createQueryBuilder()
    .insert()
    .into(spelt(world, table), Object.keys([values].flat()[0]))
    .values(values);
const update = (world: World, table: string, values: object) =>
  world.manager.createQueryBuilder().update(spelt(world, table)).set(values);
const remove = (world: World, table: string) =>
  world.manager.createQueryBuilder().delete().from(spelt(world, table));
const fill = async (world: World): Promise<void> => {
  await world.manager.insert(Box, [{ code: 'a' }, { code: 'b' }, { code: 'c' }]);
  await world.manager.insert(Item, [
    { boxId: 1, place: 1, box: { id: 1 } },
    { boxId: 1, place: 2, box: { id: 1 } },
    { boxId: 2, place: 1, box: { id: 2 } },
  ]);
};

describeTwins('A write to a table by its path', { entities }, (twins, name) => {
  const revisions = async (scenario: (world: World) => Promise<unknown>): Promise<string[]> => {
    const all = await twins().play(async (world) => {
      await fill(world);
      return scenario(world);
    });
    return all.slice(6).map((revision) => revision.slice(revision.indexOf(' ') + 1));
  };

  it('means the table however it is spelled, and no other', () => {
    const { audited } = twins();
    const { dataSource } = audited;
    for (const path of ['crate', ...spellings(audited, 'crate')])
      expect(tableAtPath(dataSource, path)?.target).toBe(Box);
    expect(tableAtPath(dataSource, spelt(audited, 'crate_spare'))?.isJunction).toBe(true);
    for (const path of ['elsewhere.crate', 'temp.crate', 'crates', 'public.main.crate', ''])
      expect(tableAtPath(dataSource, path)).toBeUndefined();
  });

  it('is recorded as an insert whose key the database gives', async () => {
    const made = await revisions((world) => insert(world, 'crate', { crate_code: 'd', size_w: 7 }).execute());
    expect(made).toEqual(['crate 4 v1 insert']);
  });

  it('is recorded as an insert of several', async () => {
    const made = await revisions((world) =>
      insert(world, 'crate', [{ crate_code: 'd' }, { crate_code: 'e' }]).execute(),
    );
    expect(made).toEqual(['crate 4 v1 insert', 'crate 5 v1 insert']);
  });

  it('is recorded as an insert of given keys, which are taken as they are', async () => {
    const made = await revisions((world) =>
      insert(world, 'crate_item', { box_no: 2, place: 6, note: 'x', box_ref: 2 }).execute(),
    );
    expect(made).toEqual(['crate_item 2,6 v1 insert']);
  });

  it('is recorded as an upsert', async () => {
    const made = await revisions((world) =>
      insert(world, 'crate', [
        { crate_code: 'b', size_w: 9 },
        { crate_code: 'f', size_w: 9 },
      ])
        .orUpdate(['size_w'], ['crate_code'])
        .execute()
        .then(() => undefined),
    );
    expect(made.map((revision) => revision.replace(/\d+ v/, 'n v'))).toEqual(
      expect.arrayContaining(['crate n v2 update', 'crate n v1 insert']),
    );
    expect(made).toHaveLength(2);
  });

  it('is recorded as an insert that ignores what is there', async () => {
    const made = await revisions((world) =>
      insert(world, 'crate_item', [
        { box_no: 1, place: 2, box_ref: 1 },
        { box_no: 1, place: 8, box_ref: 1 },
      ])
        .orIgnore()
        .execute()
        .then(() => undefined),
    );
    expect(made).toEqual(['crate_item 1,8 v1 insert']);
  });

  it('is recorded as an update, by criteria, an object of columns, and none', async () => {
    const made = await revisions(async (world) => [
      await update(world, 'crate', { size_w: 3 }).where('crate_code = :code', { code: 'a' }).execute(),
      await update(world, 'crate', { size_w: () => 'size_w + 1' })
        .where({ crate_no: 2 })
        .execute(),
      await update(world, 'crate', { size_h: 5 }).execute(),
      await update(world, 'crate', { size_h: 5 }).where('crate_no > 100').execute(),
    ]);
    expect(made.sort()).toEqual([
      'crate 1 v2 update',
      'crate 1 v3 update',
      'crate 2 v2 update',
      'crate 2 v3 update',
      'crate 3 v2 update',
    ]);
  });

  it('adds no revision where it changes nothing', async () => {
    const made = await revisions((world) => update(world, 'crate', { size_w: 1 }).execute());
    expect(made).toEqual([]);
  });

  it('is recorded as an update of the key, with what follows it', async () => {
    const made = await revisions((world) =>
      update(world, 'crate', { crate_no: 9 }).where('crate_no = 1').execute(),
    );
    expect(made.filter((revision) => revision.startsWith('crate '))).toEqual([
      'crate 1 v2 delete',
      'crate 9 v1 insert',
    ]);
  });

  it('is recorded as an update of a key with a transformer', async () => {
    const made = await revisions((world) =>
      update(world, 'crate_item', { place: 14 }).where('box_no = 2').execute(),
    );
    expect(made).toEqual(['crate_item 2,2 v2 delete', 'crate_item 2,14 v1 insert']);
  });

  it('is recorded as a delete, with the rows that follow it', async () => {
    const made = await revisions((world) => remove(world, 'crate').where('crate_no = 1').execute());
    expect(made.sort()).toEqual([
      'crate 1 v2 delete',
      'crate_item 1,2 v2 delete',
      'crate_item 1,4 v2 delete',
    ]);
  });

  it('is recorded as a delete of all rows', async () => {
    const made = await revisions((world) => remove(world, 'crate_item').execute());
    expect(made).toHaveLength(3);
  });

  it('is recorded where the table is not audited and rows that follow it are', async () => {
    const made = await revisions(async (world) => {
      await world.manager.insert(Shelf, { id: 1 });
      await world.manager.insert(Board, { id: 5, shelf: { id: 1 } });
      return remove(world, 'shelf').execute();
    });
    expect(made).toEqual(['shelf_board 5 v1 insert', 'shelf_board 5 v2 delete']);
  });

  it('is recorded where the table is the one of a many-to-many', async () => {
    const link = { item_box: 1, item_place: 2, spare: 3 };
    const made = await revisions(async (world) => [
      await insert(world, 'crate_spare', link).execute(),
      await remove(world, 'crate_spare').where('spare = 3').execute(),
    ]);
    expect(made).toEqual(['crate_spare 1,2,3 v1 insert', 'crate_spare 1,2,3 v2 delete']);
  });

  it('is undone and done with its transaction', async () => {
    const made = await revisions(async (world) => {
      await settled(
        world.dataSource.transaction(async (manager) => {
          await update({ ...world, manager }, 'crate', { size_w: 3 }).execute();
          throw new Error('undone');
        }),
      );
      await world.dataSource.transaction((manager) =>
        update({ ...world, manager }, 'crate', { size_w: 4 })
          .where('crate_no = 1')
          .execute(),
      );
    });
    expect(made).toEqual(['crate 1 v2 update']);
  });

  it('fails as it does by TypeORM alone', async () => {
    const made = await revisions(async (world) => [
      await settled(insert(world, 'crate', { crate_code: 'a' }).execute()),
      await settled(update(world, 'crate', { unknown: 1 }).execute()),
      await settled(world.manager.createQueryBuilder().softDelete().from(spelt(world, 'crate')).execute()),
    ]);
    expect(made).toEqual([]);
  });

  it('is refused of a revision table', async () => {
    const { audited } = twins();
    await audited.reset();
    await expect(remove(audited, 'crate_rev').execute()).rejects.toThrow(RevisionDeleteForbiddenError);
    await expect(insert(audited, 'crate_rev', { rev_id: 1 }).execute()).rejects.toThrow(
      RevisionInsertForbiddenError,
    );
  });

  describe('clearTable() of a query runner', () => {
    const clear = async (world: World, table: string | Table): Promise<void> => {
      const queryRunner: QueryRunner = world.dataSource.createQueryRunner();
      try {
        await queryRunner.clearTable(table as string);
      } finally {
        await queryRunner.release();
      }
    };

    const clearings: [string, (world: World) => string | Table][] = [
      ['its name', () => 'shelf_board'],
      ['its path', (world) => spelt(world, 'shelf_board')],
    ];
    // SQLite's takes a name only.
    if (!isSqlite(name))
      clearings.push(['a Table', (world) => new Table({ name: spelt(world, 'shelf_board') })]);

    it.each(clearings)('ends the histories of all rows, by %s', async (_, tableOf) => {
      const made = await revisions(async (world) => {
        await world.manager.insert(Board, [{ id: 5 }, { id: 6 }]);
        await clear(world, tableOf(world));
      });
      expect(made.slice(2).sort()).toEqual(['shelf_board 5 v2 delete', 'shelf_board 6 v2 delete']);
    });

    it('leaves no revision where the caller wants none', async () => {
      const { audited } = twins();
      await audited.reset();
      await audited.manager.insert(Board, { id: 5 });
      await audited.context.without(() => clear(audited, 'shelf_board'));
      expect(await audited.manager.count(Board)).toBe(0);
      expect(await audited.manager.count(revisionOf(Board))).toBe(1);
    });

    it('is refused of a revision table, whoever asks', async () => {
      const { audited } = twins();
      await audited.reset();
      await audited.manager.insert(Box, { code: 'a' });
      for (const path of ['crate_rev', spelt(audited, 'crate_rev')])
        await expect(clear(audited, path)).rejects.toThrow(RevisionDeleteForbiddenError);
      expect(await audited.manager.count(revisionOf(Box))).toBe(1);
    });

    it('empties what isn’t audited as before', async () => {
      await twins().play(async (world) => {
        await world.dataSource.query('CREATE TABLE beside (id int)');
        await world.dataSource.query('INSERT INTO beside VALUES (1)');
        await clear(world, 'beside');
        const rows: unknown = await world.dataSource.query('SELECT * FROM beside');
        await world.dataSource.query('DROP TABLE beside');
        return rows;
      });
    });
  });
});

@Audited()
@Entity('pot')
class Pot {
  @PrimaryColumn('int') id: number;
  @Column('varchar', { nullable: true }) label: string | null;
}

@Entity('pot', { schema: 'public', synchronize: false })
class QualifiedPot {
  @PrimaryColumn('int') id: number;
  @Column('varchar', { nullable: true }) label: string | null;
}

const postgres: WorldName[] = ['postgres'];
describeTwins(
  'Two entities of a table, of which one names its schema',
  { entities: [Pot, QualifiedPot] },
  (twins) => {
    it('have one history', async () => {
      const made = await twins().play(async ({ manager }) => {
        await manager.save(QualifiedPot, { id: 1, label: 'a' });
        await manager.update(Pot, 1, { label: 'b' });
        await manager.delete(QualifiedPot, 1);
      });
      expect(made.map((revision) => revision.slice(3))).toEqual([
        'pot 1 v1 insert',
        'pot 1 v2 update',
        'pot 1 v3 delete',
      ]);
    });
  },
  postgres,
);
