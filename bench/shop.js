// npm run bench:shop [-- --db postgres] [--seconds 25] [--rounds 1] [--json] [--no-build]: a shop with ten shoppers and
// two administrators, without the library and with it in turns, on each server that answers.
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createDatabase, databaseNames, isServer, versionOf } from './databases.js';

const { values: given } = parseArgs({
  options: {
    db: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '25' },
    rounds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  },
});
const child = fileURLToPath(new URL('children/shop.js', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

if (!given['no-build']) {
  const { status } = spawnSync('npm', ['run', 'build'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(1);
}
const results = [];
for (const db of given.db ?? databaseNames.filter(isServer)) {
  const version = await versionOf(db).catch((error) => {
    if (given.db) throw error;
    process.stderr.write(`${db} doesn't answer and is left out: ${error.message || error.code}\n`);
  });
  if (!version) continue;
  for (let round = 0; round < Number(given.rounds); round++)
    // Who comes first has the warmer server in every other round.
    for (const isAudited of round % 2 === 0 ? [false, true] : [true, false])
      results.push({ db: `${db} ${version}`, isAudited, ...(await open(db, isAudited)) });
}
print(results);
if (results.some(({ faults, findings = [] }) => faults.length + findings.length > 0)) process.exit(1);

async function open(db, isAudited) {
  const { options, drop } = await createDatabase(db);
  const order = JSON.stringify({ isAudited, options, seconds: Number(given.seconds) });
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [child, order], { cwd: root });
    return JSON.parse(stdout);
  } finally {
    await drop();
  }
}

function print(all) {
  if (given.json) return console.log(JSON.stringify(all, null, 2));
  console.log(
    '| server | library | done | refused | failed | deadlocks | p50 ms | p95 ms | revisions | faults |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const one of all) {
    const faults = [...one.faults, ...(one.findings ?? []).map((finding) => JSON.stringify(finding))];
    const cells = [
      one.db,
      one.isAudited ? 'with' : 'without',
      one.done,
      one.refused,
      Object.entries(one.failures)
        .map(([code, count]) => `${count} ${code}`)
        .join(', ') || 0,
      one.deadlocks,
      one.p50.toFixed(1),
      one.p95.toFixed(1),
      one.revisions ?? '',
      faults.join('; ') || 'none',
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
