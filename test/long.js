// npm run test:long: what the gate says once, at length.
import { spawnSync } from 'node:child_process';

const LONG = [
  'test/e2e/write-paths',
  'test/e2e/maintenance',
  'test/e2e/costs/history',
  'test/e2e/faults/crash',
  'test/e2e/evolution',
  'test/model',
];

const runs = [
  // Every write path with every driver of a database, long sequences of random writes, processes killed many times, two
  // versions of an application side by side for each kind of migration, server and order, and large tables.
  {
    args: ['test', '--', ...LONG],
    env: { LONG_TESTS: 'true' },
  },
  // Every way to write in every situation, without the library and with it.
  { args: ['run', 'test:twins'], env: {} },
];
const failed = runs.filter(({ args, env }) => {
  const { status } = spawnSync('npm', args, {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, ...env },
  });
  return status !== 0;
});
for (const { args } of failed) console.error(`npm ${args.join(' ')} has failed.`);
process.exit(failed.length > 0 ? 1 : 0);
