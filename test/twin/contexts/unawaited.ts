import { type Context } from './context.js';

const group = 'unawaited';
// Of several statements, it is chance which are still in time.
const statementsOnly: Context['isJudged'] = ({ kind }) => kind === 'statement';

/** A write whose `await` was forgotten. */
export const unawaited: Context[] = [
  {
    name: 'unawaited',
    group,
    isUnawaited: true,
    run: async (stage) => stage.later('write', stage.write(stage.manager)),
  },
  {
    name: 'unawaited in transaction()',
    group,
    isUnawaited: true,
    isJudged: statementsOnly,
    run: (stage) =>
      stage.attempt('transaction', () =>
        stage.dataSource.transaction(async (manager) => stage.later('write', stage.write(manager))),
      ),
  },
  {
    name: 'unawaited before COMMIT by hand',
    group,
    isUnawaited: true,
    isJudged: statementsOnly,
    run: (stage) =>
      stage.hold(async (runner) => {
        await runner.query('BEGIN');
        stage.later('write', stage.write(runner.manager));
        await stage.attempt('COMMIT', () => runner.query('COMMIT'));
      }),
  },
  {
    name: 'unawaited on a held runner that is then released',
    group,
    isUnawaited: true,
    isJudged: statementsOnly,
    run: (stage) =>
      stage.hold(async (runner) => {
        await runner.query('SELECT 1');
        stage.later('write', stage.write(runner.manager));
      }),
  },
];
