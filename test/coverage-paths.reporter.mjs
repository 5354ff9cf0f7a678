// A jest reporter: prints what becomes of each write path on each database, in Markdown. See `npm run coverage:paths`.

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

  onTestResult(_test, { testResults, testFilePath, testExecError }) {
    if (testExecError) console.error(`${testFilePath}\n${testExecError.stack ?? testExecError.message}`);
    for (const result of testResults) this.#add(result);
  }

  onRunComplete() {
    const paths = [...this.#themes.values()].flatMap((theme) => [...theme.values()]);
    const cells = paths.flatMap((path) => [...path.values()]);
    console.log(
      '✓ recorded, in one transaction with the write, and undone with it when the revision can’t be written · ' +
        '= nothing has changed, so nothing is recorded · refused: fails, and stores nothing · ' +
        'left out: not recorded, as the caller wished · ✗ a test fails · empty: the database doesn’t have it\n',
    );
    for (const [theme, rows] of [...this.#themes].sort()) console.log(tableOf(theme, rows));
    console.log(
      `${paths.length} paths, ${cells.filter((cell) => cell === '✗').length} of ${cells.length} cells fail.`,
    );
  }

  #add({ ancestorTitles: [suite, database], title, status, failureMessages }) {
    const beginning = Object.keys(CELLS).find((name) => title.startsWith(`${name} `));
    if (!suite?.startsWith(SUITE) || !beginning || status === 'pending') return;
    const theme = entry(this.#themes, suite.slice(SUITE.length), () => new Map());
    const path = entry(theme, title.slice(beginning.length + 1), () => new Map());
    if (status === 'failed')
      console.error(`${suite} (${database}): ${title}\n${failureMessages.join('\n')}\n`);
    const cell = status === 'failed' ? '✗' : CELLS[beginning];
    if (cell && path.get(database) !== '✗') path.set(database, cell);
  }
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
