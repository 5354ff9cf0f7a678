import { type EntityManager } from 'typeorm';
import { type Context, type Stage } from './context.js';

const group = 'at once';
const numbers = [1, 2, 3];

const atOnce = async (stage: Stage, manager: EntityManager, row?: number): Promise<void> => {
  await Promise.all(
    numbers.map((number) =>
      stage.as(`actor ${number}`, () =>
        stage.attempt(`write ${number}`, () => stage.write(manager, number, row)),
      ),
    ),
  );
};

// SQLite has one connection, and thereby one query runner, for all.
const statementsOnSqlite: Context['isJudged'] = ({ kind, isOfOneRow }, database) =>
  kind === 'statement' || (!isOfOneRow && database !== 'sqlite');
const statementsOnly: Context['isJudged'] = ({ kind }) => kind === 'statement';
// Three connections that change one row: who is the last is chance.
const never: Context['isJudged'] = () => false;

/** Three writes at once. */
export const parallel: Context[] = [
  {
    name: 'three at once',
    group,
    isParallel: true,
    isJudged: statementsOnSqlite,
    run: (stage) => atOnce(stage, stage.manager),
  },
  {
    name: 'three at once of one row',
    group,
    isParallel: true,
    isJudged: never,
    run: (stage) => atOnce(stage, stage.manager, 2),
  },
  ...[undefined, 2].flatMap((row): Context[] => {
    const of = row ? ' of one row' : '';
    return [
      {
        name: `three at once${of} on a held runner`,
        group,
        isParallel: true,
        isJudged: statementsOnly,
        run: (stage) =>
          stage.hold(async (runner) => {
            await atOnce(stage, runner.manager, row);
            await stage.probe('a probe on the held runner', runner.manager);
          }),
      },
      {
        name: `three at once${of} in transaction()`,
        group,
        isParallel: true,
        isJudged: statementsOnly,
        run: (stage) =>
          stage.attempt('transaction', () =>
            stage.dataSource.transaction((manager) => atOnce(stage, manager, row)),
          ),
      },
    ];
  }),
];
