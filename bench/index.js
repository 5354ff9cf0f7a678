// npm run bench [-- --quick] [--db sqlite|sqlite-memory|postgres|mariadb|mysql] [--rtt 1] [--json] [--case insert-1] [--rows 1000000]
import { spawnSync } from 'node:child_process';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    db: { type: 'string', multiple: true },
    case: { type: 'string', multiple: true },
    rtt: { type: 'string' },
    rows: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
  },
});

if (!options['no-build']) build();
// What it measures is the package as it is published, so it can be loaded only now.
const { run } = await import('./run.js');
await run(/** @type {typeof options & { db?: import('./types.js').DatabaseName[] }} */ (options));

function build() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { status, stdout, stderr } = spawnSync('npm', ['run', 'build'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}`);
  process.exit(1);
}
