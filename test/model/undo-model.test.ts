import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  Column,
  type DataSource,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  type EntityTarget,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  type ObjectLiteral,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Audited } from '../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../src/history/history.service.js';
import { expectInvariants } from '../support/assertions/invariants.js';
import { describeDatabases } from '../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../support/worlds/audited-database.js';

@Audited()
@Entity()
class Skill {
  @PrimaryColumn({ type: 'varchar', length: 20 }) name: string;
}

@Audited()
@Entity()
class Team {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40, unique: true }) name: string;
}

@Audited()
@Entity()
class Player {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({ type: 'int', nullable: true, unique: true }) shirt: number | null;
  @Column({ type: 'int', default: 0 }) goals: number;
  @ManyToOne(() => Team, { onDelete: 'CASCADE', nullable: true }) team: Team | null;
  @ManyToOne(() => Player, { onDelete: 'SET NULL', nullable: true }) captain: Player | null;
  @ManyToMany(() => Skill) @JoinTable({ name: 'player_skills' }) skills: Skill[];
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
class Contract {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'int' }) wage: number;
  @OneToOne(() => Player, { onDelete: 'CASCADE', nullable: false }) @JoinColumn() player: Player;
}

const TABLES = ['skill', 'team', 'player', 'contract', 'player_skills'];
const SKILLS = ['pass', 'shot', 'run'];

/** A write in the transaction, of rows that it picks by these numbers. */
type Step = readonly [kind: keyof typeof KINDS, a: number, b: number];

async function pick<T extends ObjectLiteral>(
  manager: EntityManager,
  target: EntityTarget<T>,
  n: number,
): Promise<T | undefined> {
  const { primaryColumns } = manager.connection.getMetadata(target);
  const order = Object.fromEntries(primaryColumns.map(({ propertyName }) => [propertyName, 'ASC']));
  const rows = await manager.find(target, { order: order as never });
  return rows[n % Math.max(rows.length, 1)];
}

const KINDS = {
  addTeam: (manager: EntityManager, a: number) => manager.insert(Team, { name: `team ${a}` }),
  renameTeam: async (manager: EntityManager, a: number, b: number) => {
    const team = await pick(manager, Team, a);
    if (team) await manager.update(Team, team.id, { name: `team ${b}` });
  },
  deleteTeam: async (manager: EntityManager, a: number) => {
    const team = await pick(manager, Team, a);
    if (team) await manager.delete(Team, team.id);
  },
  addPlayer: async (manager: EntityManager, a: number, b: number) => {
    const [team, captain] = [await pick(manager, Team, a), await pick(manager, Player, b)];
    await manager.save(Player, manager.create(Player, { shirt: b, team, captain }));
  },
  removePlayer: async (manager: EntityManager, a: number) => {
    const player = await pick(manager, Player, a);
    if (player) await manager.remove(player);
  },
  retirePlayer: async (manager: EntityManager, a: number) => {
    const player = await pick(manager, Player, a);
    if (player) await manager.softRemove(player);
  },
  recoverAll: (manager: EntityManager) => manager.createQueryBuilder().restore().from(Player).execute(),
  movePlayer: async (manager: EntityManager, a: number, b: number) => {
    const [player, team] = [await pick(manager, Player, a), await pick(manager, Team, b)];
    if (player) await manager.save(Player, { id: player.id, team, goals: b });
  },
  leadPlayer: async (manager: EntityManager, a: number, b: number) => {
    const [player, captain] = [await pick(manager, Player, a), await pick(manager, Player, b)];
    if (player) await manager.update(Player, player.id, { captain });
  },
  swapShirts: async (manager: EntityManager, a: number, b: number) => {
    const [left, right] = [await pick(manager, Player, a), await pick(manager, Player, b)];
    if (!left || !right || left.id === right.id) return;
    await manager.update(Player, left.id, { shirt: null });
    await manager.update(Player, right.id, { shirt: left.shirt });
    await manager.update(Player, left.id, { shirt: right.shirt });
  },
  shiftShirts: async (manager: EntityManager) => {
    const players = await manager.find(Player, { order: { shirt: 'DESC' } });
    for (const { id, shirt } of players)
      if (shirt !== null) await manager.update(Player, id, { shirt: shirt + 1 });
  },
  score: (manager: EntityManager, a: number) =>
    manager
      .createQueryBuilder()
      .update(Player)
      .set({ goals: () => 'goals + 1' })
      .where('goals <= :a', { a })
      .execute(),
  sign: async (manager: EntityManager, a: number, b: number) => {
    const player = await pick(manager, Player, a);
    if (player) await manager.save(Contract, { player, wage: b });
  },
  exchangeContracts: async (manager: EntityManager, a: number, b: number) => {
    const [left, right] = [await pick(manager, Contract, a), await pick(manager, Contract, b)];
    const free = await pick(manager, Player, a + b);
    if (left && right && free) await manager.update(Contract, left.id, { player: free, wage: b });
  },
  endContracts: (manager: EntityManager, a: number) =>
    manager.createQueryBuilder().delete().from(Contract).where('wage < :a', { a }).execute(),
  train: async (manager: EntityManager, a: number, b: number) => {
    const player = await pick(manager, Player, a);
    if (player)
      await manager
        .createQueryBuilder()
        .relation(Player, 'skills')
        .of(player.id)
        .add(SKILLS[b % 3]);
  },
  forget: async (manager: EntityManager, a: number, b: number) => {
    const player = await pick(manager, Player, a);
    if (player)
      await manager
        .createQueryBuilder()
        .relation(Player, 'skills')
        .of(player.id)
        .remove(SKILLS[b % 3]);
  },
};

const number = fc.integer({ min: 0, max: 12 });
const steps = fc.array(
  fc.tuple(fc.constantFrom(...(Object.keys(KINDS) as (keyof typeof KINDS)[])), number, number),
  { minLength: 1, maxLength: 16 },
);

describeDatabases('any transaction', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Skill, Team, Player, Contract] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    await dataSource.getRepository(Skill).save(SKILLS.map((skill) => ({ name: skill })));
    await write([
      ['addTeam', 1, 0],
      ['addTeam', 2, 0],
      ['addPlayer', 0, 1],
      ['addPlayer', 1, 2],
      ['addPlayer', 1, 3],
      ['addPlayer', 0, 4],
      ['sign', 0, 5],
      ['sign', 1, 7],
      ['train', 0, 1],
    ]);
  });
  afterAll(() => audited.close());

  /** Takes the steps in one transaction. A step that fails is rolled back. */
  async function write(taken: readonly Step[]): Promise<void> {
    await dataSource.transaction(async (manager) => {
      for (const [kind, a, b] of taken)
        await manager
          .transaction((nested): Promise<unknown> => KINDS[kind](nested, a, b))
          .catch(() => undefined);
    });
  }

  async function state(): Promise<Record<string, string[]>> {
    const rows: Record<string, string[]> = {};
    for (const table of TABLES)
      rows[table] = (await dataSource.query<ObjectLiteral[]>(`SELECT * FROM ${table}`))
        .map((row) => JSON.stringify(row))
        .sort();
    return rows;
  }

  it('is undone to the state before, and the undo to the state after', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (taken, keep) => {
        const before = await state();
        const newest = (await history.feed({ limit: 1 })).items[0].transaction;
        await write(taken);
        const { transaction } = (await history.feed({ limit: 1 })).items[0];
        if (transaction === newest) return;
        const after = await state();
        const planned = await history.undo(transaction, { dryRun: true });
        expect(await state()).toEqual(after);
        const made = await history.undo(transaction);
        expect(await state()).toEqual(before);
        expect(planned).toHaveLength(made.length);
        if (made.length === 0) return;
        const again = await history.undo(made[0].transaction);
        expect(await state()).toEqual(after);
        if (!keep && again.length > 0) await history.undo(again[0].transaction);
      }),
      {
        numRuns: Number(process.env.MODEL_RUNS ?? 25),
        ...(process.env.MODEL_SEED && { seed: Number(process.env.MODEL_SEED) }),
      },
    );
    await expectInvariants(dataSource);
  }, 600_000);
});
