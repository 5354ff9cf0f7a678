import { type EntityManager, type QueryRunner } from 'typeorm';
import { type Context, type Stage } from './context.js';

const group = 'transactions';
const giveUp = new Error('the application changes its mind');

async function byHand(stage: Stage, runner: QueryRunner, end: string): Promise<unknown> {
  await runner.query(stage.database === 'sqlite' ? 'BEGIN' : 'START TRANSACTION');
  try {
    const result = await stage.write(runner.manager);
    await runner.query(end);
    return result;
  } catch (error) {
    await runner.query('ROLLBACK');
    throw error;
  }
}

async function byMethods(stage: Stage, runner: QueryRunner, doesCommit: boolean): Promise<unknown> {
  await runner.startTransaction();
  try {
    const result = await stage.write(runner.manager);
    await (doesCommit ? runner.commitTransaction() : runner.rollbackTransaction());
    return result;
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}

const isolated =
  (level: 'SERIALIZABLE' | 'READ COMMITTED') =>
  (stage: Stage): Promise<void> =>
    stage.attempt('write', () => stage.dataSource.transaction(level, (manager) => stage.write(manager)));

const held =
  (fn: (stage: Stage, runner: QueryRunner) => Promise<unknown>) =>
  (stage: Stage): Promise<void> =>
    stage.hold(async (runner) => {
      await stage.attempt('write', () => fn(stage, runner));
      await stage.probe('a probe on the held runner', runner.manager);
    });

async function autocommitOff(stage: Stage, runner: QueryRunner, end: string): Promise<unknown> {
  await runner.query('SET autocommit = 0');
  try {
    return await stage.write(runner.manager);
  } finally {
    await runner.query(end);
    await runner.query('SET autocommit = 1');
  }
}

async function nested(stage: Stage, manager: EntityManager, fails: boolean): Promise<void> {
  await stage.attempt('inner', () =>
    manager.transaction(async (inner) => {
      const result = await stage.write(inner);
      if (fails) throw giveUp;
      return result;
    }),
  );
  await stage.probe('a probe after it', manager);
}

/** The write by itself, and in each kind of transaction. */
export const transactions: Context[] = [
  { name: 'by itself', group, run: (stage) => stage.attempt('write', () => stage.write(stage.manager)) },
  {
    name: 'in transaction()',
    group,
    run: (stage) =>
      stage.attempt('write', () => stage.dataSource.transaction((manager) => stage.write(manager))),
  },
  {
    name: 'in transaction() that fails afterwards',
    group,
    run: (stage) =>
      stage.attempt('transaction', () =>
        stage.dataSource.transaction(async (manager) => {
          await stage.attempt('write', () => stage.write(manager));
          throw giveUp;
        }),
      ),
  },
  {
    name: 'in transaction() that goes on after an error',
    group,
    run: (stage) =>
      stage.attempt('transaction', () =>
        stage.dataSource.transaction(async (manager) => {
          await stage.attempt('write', () => stage.write(manager));
          await stage.probe('a probe', manager);
        }),
      ),
  },
  {
    name: 'in a nested transaction()',
    group,
    run: (stage) =>
      stage.attempt('outer', () => stage.dataSource.transaction((manager) => nested(stage, manager, false))),
  },
  {
    name: 'in a nested transaction() that fails',
    group,
    run: (stage) =>
      stage.attempt('outer', () => stage.dataSource.transaction((manager) => nested(stage, manager, true))),
  },
  { name: 'in SERIALIZABLE', group, run: isolated('SERIALIZABLE') },
  {
    name: 'in READ COMMITTED',
    group,
    databases: ['postgres', 'mariadb', 'mysql'],
    run: isolated('READ COMMITTED'),
  },
  { name: 'on a held runner', group, run: held((stage, runner) => stage.write(runner.manager)) },
  {
    name: 'between startTransaction() and commitTransaction()',
    group,
    run: held((stage, runner) => byMethods(stage, runner, true)),
  },
  {
    name: 'between startTransaction() and rollbackTransaction()',
    group,
    run: held((stage, runner) => byMethods(stage, runner, false)),
  },
  {
    name: 'between BEGIN and COMMIT by hand',
    group: 'by hand',
    run: held((stage, runner) => byHand(stage, runner, 'COMMIT')),
  },
  {
    name: 'between BEGIN and ROLLBACK by hand',
    group: 'by hand',
    run: held((stage, runner) => byHand(stage, runner, 'ROLLBACK')),
  },
  {
    name: 'with autocommit off, then COMMIT',
    group: 'by hand',
    databases: ['mariadb', 'mysql'],
    run: held((stage, runner) => autocommitOff(stage, runner, 'COMMIT')),
  },
  {
    name: 'with autocommit off, then ROLLBACK',
    group: 'by hand',
    databases: ['mariadb', 'mysql'],
    run: held((stage, runner) => autocommitOff(stage, runner, 'ROLLBACK')),
  },
];
