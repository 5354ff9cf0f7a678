import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Audited } from 'nestjs-typeorm-audit';
import {
  Column,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Table,
} from 'typeorm';
import { dataSourceOf } from '../../../src/typeorm/data-source-of.js';
import {
  expectKept,
  migrationOf,
  run,
  storedIn,
  type Version,
  Versions,
} from '../../support/evolution/by-hand.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited()
@Entity()
class Right {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 20 }) name: string;
}

@Audited()
@Entity('role')
class RoleWithRights {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 20 }) name: string;
  @ManyToMany(() => Right)
  @JoinTable({ name: 'role_right', joinColumn: { name: 'role_id' }, inverseJoinColumn: { name: 'right_id' } })
  rights: Right[];
}

@Audited()
@Entity()
class Role {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 20 }) name: string;
}

describeDatabases('A history goes with an entity that is made by hand', (name) => {
  let database: TestDatabase;
  let versions: Versions;
  beforeEach(async () => {
    database = await createDatabase(name, { file: true });
    versions = new Versions(database);
  });
  afterEach(async () => {
    await versions.end();
    await database.drop();
  });

  it('of a part of another', async () => {
    @Audited()
    @Entity('guest')
    class Whole {
      @PrimaryGeneratedColumn() id: number;
      @Column({ type: 'varchar', length: 40 }) name: string;
      @Column({ type: 'varchar', length: 40, nullable: true }) street: string | null;
      @Column({ type: 'varchar', length: 40, nullable: true }) city: string | null;
    }
    @Audited()
    @Entity('guest')
    class Guest {
      @PrimaryGeneratedColumn() id: number;
      @Column({ type: 'varchar', length: 40 }) name: string;
    }
    @Audited()
    @Entity('address')
    class Address {
      @PrimaryGeneratedColumn() id: number;
      @ManyToOne(() => Guest) @JoinColumn({ name: 'guest_id' }) guest: Guest;
      @Column({ type: 'varchar', length: 40, nullable: true }) street: string | null;
      @Column({ type: 'varchar', length: 40, nullable: true }) city: string | null;
    }
    const first = await versions.start([Whole], { synchronize: true });
    const wholes = first.dataSource.getRepository(Whole);
    await wholes.insert([
      { name: 'Steve', street: 'Elm St 1', city: 'Bern' },
      { name: 'Bea', street: null, city: null },
      { name: 'Max', street: 'Oak St 2', city: 'Thun' },
    ]);
    await wholes.update(1, { street: 'Elm St 2' });
    await wholes.update(1, { name: 'Stefan', city: 'Biel' });
    await wholes.delete(3);
    const recorded = await storedIn(first, 'guest_rev');
    const then = new Date();

    const entities = [Guest, Address];
    const page = versions.statementsOf('INSERT INTO address');
    await versions.migrateGenerated(entities, (generated) => {
      const made = generated.findIndex((statement) => /^CREATE TABLE ["`]address["`]/.test(statement));
      return [...generated.slice(0, made + 1), ...page, ...generated.slice(made + 1)];
    });
    const second = await versions.start(entities);
    const { dataSource, audit } = second;
    const { history } = audit;
    await audit.context.run({ actor: 'ops', reason: 'split' }, () => audit.maintenance.backfill(Address));
    // The revision that changed the street alone has no change of what the entity still has.
    await expectKept(second, 'guest_rev', recorded, { erased: true });
    expect((await history.timeline(Guest, 1)).items).toMatchObject([
      {
        changes: [{ property: 'name', from: 'Steve', to: 'Stefan' }],
        dropped: { street: 'Elm St 2', city: 'Biel' },
      },
      { changes: [], dropped: { street: 'Elm St 2', city: 'Bern' } },
      { snapshot: { name: 'Steve' }, dropped: { street: 'Elm St 1', city: 'Bern' } },
    ]);
    expect((await history.timeline(Guest, 3)).items.at(-1)!.dropped).toEqual({
      street: 'Oak St 2',
      city: 'Thun',
    });
    expect(await history.diff(Guest, 1, 1, 3)).toEqual([{ property: 'name', from: 'Steve', to: 'Stefan' }]);
    expect(await history.at(then).find(Guest, { order: { id: 'ASC' } })).toEqual([
      { id: 1, name: 'Stefan' },
      { id: 2, name: 'Bea' },
    ]);
    expect(await history.at(then).find(Address)).toEqual([]);
    const addresses = dataSource.getRepository(Address);
    const { id } = await addresses.findOneByOrFail({ guest: { id: 1 } });
    await addresses.update(id, { city: 'Biel' });
    await addresses.update(id, { city: 'Chur' });
    expect((await history.timeline(Address, id)).items).toMatchObject([
      { version: 2, changes: [{ property: 'city', from: 'Biel', to: 'Chur' }] },
      { operation: 'baseline', actor: 'ops', snapshot: { street: 'Elm St 2', city: 'Biel', guest_id: 1 } },
    ]);
    const guests = dataSource.getRepository(Guest);
    await guests.update(1, { name: 'Stefan' });
    await guests.update(1, { name: 'Stefano' });
    expect(await history.latest(Guest, 1)).toMatchObject({
      version: 4,
      changes: [{ property: 'name', from: 'Stefan', to: 'Stefano' }],
    });
    await history.restore(Guest, 1, 1);
    await history.restore(Guest, 3, 1);
    expect(await guests.find({ order: { id: 'ASC' } })).toMatchObject([
      { name: 'Steve' },
      { name: 'Bea' },
      { name: 'Max' },
    ]);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });

  /** A role that has right 1, had right 2, and had right 3 twice. */
  const granted = async (): Promise<Version> => {
    const version = await versions.start([RoleWithRights, Right], { synchronize: true });
    const { dataSource, audit } = version;
    const rights = await dataSource.manager.save(Right, [
      { name: 'read' },
      { name: 'write' },
      { name: 'run' },
    ]);
    const roles = dataSource.getRepository(RoleWithRights);
    await audit.context.run({ actor: 'ann' }, async () => {
      await roles.save({ name: 'cook', rights: [rights[0], rights[2]] });
      await roles.save({ id: 1, rights: [rights[0]] });
      await roles.save({ id: 1, rights });
      await roles.save({ id: 1, rights: [rights[0]] });
    });
    return version;
  };

  it('of a many-to-many relation, with its key', async () => {
    @Audited()
    @Entity('role_right')
    class RoleRight {
      @PrimaryColumn('int') role_id: number;
      @PrimaryColumn('int') right_id: number;
      @ManyToOne(() => Role, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'role_id' }) role: Role;
      @ManyToOne(() => Right, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'right_id' }) right: Right;
      @Column({ type: 'varchar', length: 20, nullable: true }) granted_by: string | null;
    }
    const first = await granted();
    const recorded = await storedIn(first, 'role_right_rev');
    const then = new Date();
    const entities = [Role, Right, RoleRight];
    await versions.migrateGenerated(entities);
    const second = await versions.start(entities);
    await expectKept(second, 'role_right_rev', recorded);
    const { dataSource, audit } = second;
    const { history } = audit;
    const operations = async (id: object): Promise<string[]> =>
      (await history.timeline(RoleRight, id, { order: 'asc' })).items.map(({ operation }) => operation);
    expect(await operations({ role_id: 1, right_id: 1 })).toEqual(['insert']);
    expect(await operations({ role_id: 1, right_id: 2 })).toEqual(['insert', 'delete']);
    expect(await operations({ role_id: 1, right_id: 3 })).toEqual(['insert', 'delete', 'insert', 'delete']);
    expect((await history.latest(RoleRight, { role_id: 1, right_id: 3 }))!.actor).toBe('ann');
    expect(await history.at(then).find(RoleRight, { relations: { role: true, right: true } })).toMatchObject([
      { role: { name: 'cook' }, right: { name: 'read' } },
    ]);
    const links = dataSource.getRepository(RoleRight);
    await links.update({ role_id: 1, right_id: 1 }, { granted_by: null });
    await links.update({ role_id: 1, right_id: 1 }, { granted_by: 'ann' });
    expect(await history.latest(RoleRight, { role_id: 1, right_id: 1 })).toMatchObject({
      version: 2,
      changes: [{ property: 'granted_by', from: null, to: 'ann' }],
    });
    expect(await history.diff(RoleRight, { role_id: 1, right_id: 1 }, 1, 2)).toHaveLength(1);
    await history.restore(RoleRight, { role_id: 1, right_id: 3 }, 3);
    expect(await links.countBy({ right_id: 3 })).toBe(1);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('of a many-to-many relation, with a key of its own', async () => {
    @Audited()
    @Entity('role_right')
    class RoleRight {
      @PrimaryGeneratedColumn() id: number;
      @Column('int') role_id: number;
      @Column('int') right_id: number;
      @ManyToOne(() => Role, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'role_id' }) role: Role;
      @ManyToOne(() => Right, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'right_id' }) right: Right;
    }
    const first = await granted();
    const recorded = await storedIn(first, 'role_right_rev');
    const then = new Date();
    const entities = [Role, Right, RoleRight];
    const page = versions.statementsOf('CREATE TABLE role_right_key');
    const byHand = migrationOf('ByHand', async (queryRunner) => {
      // What the application does with its own table: here it makes it anew.
      const dataSource = dataSourceOf(queryRunner);
      await queryRunner.query('CREATE TABLE old_role_right AS SELECT * FROM role_right');
      await queryRunner.dropTable('role_right');
      await queryRunner.createTable(Table.create(dataSource.getMetadata(RoleRight), dataSource.driver));
      await queryRunner.query(
        'INSERT INTO role_right (role_id, right_id) SELECT role_id, right_id FROM old_role_right',
      );
      await queryRunner.query('DROP TABLE old_role_right');
      await run(queryRunner, page);
    });
    await versions.migrate(entities, byHand);
    await versions.migrateGenerated(entities);
    const second = await versions.start(entities);
    await expectKept(second, 'role_right_rev', recorded);
    const { dataSource, audit } = second;
    const { history } = audit;
    const links = dataSource.getRepository(RoleRight);
    const { id } = await links.findOneByOrFail({ right_id: 1 });
    expect((await history.timeline(RoleRight, id)).items).toMatchObject([
      { operation: 'insert', actor: 'ann', snapshot: { id, role_id: 1, right_id: 1 } },
    ]);
    const deleted = (await history.feed({ entities: [RoleRight], operation: 'delete' })).items;
    expect(deleted.map(({ entityId }) => Number(entityId) < 0)).toEqual([true, true, true]);
    const gone = deleted.map(({ entityId, version }) => [Number(entityId), version]).sort();
    expect(gone.map(([, version]) => version).sort()).toEqual([2, 2, 4]);
    const [twice] = gone.find(([, version]) => version === 4)!;
    expect((await history.timeline(RoleRight, twice, { order: 'asc' })).items).toMatchObject([
      { operation: 'insert', snapshot: { id: twice, role_id: 1, right_id: 3 } },
      { operation: 'delete' },
      { operation: 'insert' },
      { operation: 'delete' },
    ]);
    expect(await history.at(then).find(RoleRight, { relations: { right: true } })).toMatchObject([
      { id, right: { name: 'read' } },
    ]);
    await links.update(id, { right_id: 1 });
    await links.update(id, { right_id: 2 });
    expect(await history.latest(RoleRight, id)).toMatchObject({
      version: 2,
      changes: [{ property: 'right_id', from: 1, to: 2 }],
    });
    await history.restore(RoleRight, twice, 1);
    expect(await links.findOneByOrFail({ id: twice })).toMatchObject({ role_id: 1, right_id: 3 });
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });
});
