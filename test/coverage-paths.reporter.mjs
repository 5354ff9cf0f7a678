import { readFile, writeFile } from 'node:fs/promises';
import { URL } from 'node:url';
import prettier from 'prettier';

// A jest reporter: writes what becomes of each write path on each database into docs/write-paths.md, below its head.
// See `npm run coverage:paths`.

const PAGE = new URL('../docs/write-paths.md', import.meta.url);
const END_OF_HEAD = '<!-- paths -->\n';

// With every driver.
process.env.LONG_TESTS = 'true';

/** By how the names of the tests begin; test/support/worlds/write-paths.ts gives them. */
const CELLS = {
  records: '✓',
  'adds no revision for': '=',
  refuses: 'refused',
  'leaves out': 'left out',
  'undoes, when its revisions can’t be written,': undefined,
};
const SUITE = 'Write paths: ';
const DATABASES = {
  sqlite: 'SQLite',
  sqljs: 'sql.js',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
  'mysql-on-mariadb': 'MariaDB by `mysql`',
  mysql: 'MySQL',
};

export default class CoveragePathsReporter {
  #themes = new Map();
  #failures = [];
  #error;

  onTestResult(_test, { testResults, testFilePath, testExecError }) {
    if (testExecError) this.#fail(testFilePath, [testExecError.stack ?? testExecError.message]);
    for (const result of testResults) this.#add(result);
  }

  /** Makes the run fail. */
  getLastError() {
    return this.#error;
  }

  async onRunComplete() {
    const databases = new Set([...this.#paths()].flatMap((cells) => [...cells.keys()]));
    const absent = Object.keys(DATABASES).filter((name) => !databases.has(name));
    if (this.#failures.length > 0)
      this.#error = new Error(`${PAGE.pathname} is not written: ${this.#failures.length} tests fail.`);
    else if (absent.length > 0)
      this.#error = new Error(`${PAGE.pathname} is not written: ${absent.join(', ')} were not there.`);
    else await this.#write();
  }

  #add({ ancestorTitles: [suite, database], title, status, failureMessages }) {
    if (status === 'failed') this.#fail(`${suite} (${database}): ${title}`, failureMessages);
    const beginning = Object.keys(CELLS).find((name) => title.startsWith(`${name} `));
    if (!suite?.startsWith(SUITE) || !beginning || status !== 'passed') return;
    const theme = entry(this.#themes, suite.slice(SUITE.length), () => new Map());
    const path = entry(theme, title.slice(beginning.length + 1), () => new Map());
    if (CELLS[beginning]) path.set(database, CELLS[beginning]);
  }

  #fail(title, messages) {
    this.#failures.push(title);
    console.error(`${title}\n${messages.join('\n')}\n`);
  }

  *#paths() {
    for (const theme of this.#themes.values()) yield* theme.values();
  }

  async #write() {
    const page = await readFile(PAGE, 'utf8');
    const paths = [...this.#paths()];
    const cells = paths.reduce((sum, { size }) => sum + size, 0);
    const text = [
      page.slice(0, page.indexOf(END_OF_HEAD) + END_OF_HEAD.length),
      `${paths.length} paths, ${cells.toLocaleString('en')} cells.\n`,
      ...[...this.#themes].sort(byTheme).map(([theme, rows]) => tableOf(theme, rows)),
    ].join('\n');
    const options = await prettier.resolveConfig(PAGE);
    await writeFile(PAGE, await prettier.format(text, { ...options, parser: 'markdown' }));
  }
}

function byTheme([one], [other]) {
  return one.localeCompare(other, 'en');
}

function tableOf(theme, rows) {
  const databases = Object.keys(DATABASES).filter((name) =>
    [...rows.values()].some((path) => path.has(name)),
  );
  const lines = [...rows].map(([path, cells]) => [path, ...databases.map((name) => cells.get(name) ?? '')]);
  const head = [theme[0].toUpperCase() + theme.slice(1), ...databases.map((name) => DATABASES[name])];
  const rule = ['---', ...databases.map(() => ':-:')];
  return [head, rule, ...lines].map((line) => `| ${line.map(escaped).join(' | ')} |`).join('\n') + '\n';
}

function escaped(cell) {
  return cell.replaceAll('|', '\\|');
}

function entry(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}
