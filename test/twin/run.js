// node test/twin/run.js --db postgres --only "update(criteria) inside afterUpdate": plays scenarios without and with
// the library, and prints what differs.
//   --db         sqlite, postgres, mariadb, mysql; several with commas; default: all
//   --typeorm    1, 0.3; default: 1
//   --only       a part of the scenario's name, or a regular expression between slashes
//   --library    another checkout of the repository, whose src/ is played
//   --control    plays the control twice, so that no difference may be found
//   --limit      seconds after which a scenario hangs; default: 10
//   --full       prints what both sides gave, not only what differs
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareProject } from './project.js';

const { values: options } = parseArgs({
  options: {
    db: { type: 'string', default: 'sqlite,postgres,mariadb,mysql' },
    typeorm: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    library: { type: 'string' },
    control: { type: 'boolean', default: false },
    limit: { type: 'string', default: '10' },
    full: { type: 'boolean', default: false },
  },
});

const pattern = /^\/(.*)\/$/.exec(options.only);
const isWanted = (name) => (pattern ? new RegExp(pattern[1]).test(name) : name.includes(options.only));

// So many at once that a long run says how far it is.
const CHUNK = 400;

let failures = 0;
for (const line of options.typeorm.split(',')) {
  const folder = await prepareProject(line, options.library);
  try {
    const load = (file) => import(pathToFileURL(join(folder, 'test', 'twin', file)).href);
    const { grid } = await load('scenarios.js');
    const { playTwins } = await load('twins.js');
    const { reportOf } = await load('report.js');
    for (const database of options.db.split(',')) {
      const scenarios = grid(database).filter(({ name }) => isWanted(name));
      const began = Date.now();
      const run = {
        folder,
        database,
        isControlTwice: options.control,
        limitMs: Number(options.limit) * 1000,
      };
      let differ = 0;
      for (let done = 0; done < scenarios.length; done += CHUNK) {
        const twins = await playTwins({ ...run, scenarios: scenarios.slice(done, done + CHUNK) });
        const differing = twins.filter(({ differences }) => differences.length > 0);
        for (const twin of options.full ? twins : differing)
          print(reportOf, `${database}, TypeORM ${line}`, twin);
        differ += differing.length;
        console.error(`${done + twins.length} of ${scenarios.length} (${secondsSince(began)} s)`);
      }
      failures += differ;
      console.log(
        `${database}, TypeORM ${line}: ${differ} of ${scenarios.length} differ (${secondsSince(began)} s)`,
      );
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
process.exit(failures > 0 ? 1 : 0);

function secondsSince(began) {
  return Math.round((Date.now() - began) / 1000);
}

function print(report, where, twin) {
  console.log(`\n## ${where}: ${report(twin)}`);
  if (options.full) console.log(JSON.stringify({ without: twin.control, with: twin.audited }, null, 1));
}
