// npm run test:model -- --runs 20000 [--seed 42]: the model-based test for longer than CI does it.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string' } },
});
const { status } = spawnSync('npm', ['test', '--', 'test/model'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, MODEL_RUNS: values.runs, ...(values.seed && { MODEL_SEED: values.seed }) },
});
process.exit(status ?? 1);
