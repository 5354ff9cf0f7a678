import { type WorldName } from '../worlds/write-worlds.js';
import { pageAt, tablesIn } from './pages.js';

// What test/coverage-paths.reporter.mjs writes into docs/write-paths.md, read again.

const COLUMNS: Record<string, WorldName> = {
  SQLite: 'sqlite',
  'sql.js': 'sqljs',
  PostgreSQL: 'postgres',
  MariaDB: 'mariadb',
  'MariaDB by `mysql`': 'mysql-on-mariadb',
  MySQL: 'mysql',
};

/** Its cells, by what becomes of a path. */
export const CELLS = { recorded: '✓', quiet: '=', refused: 'refused', unrecorded: 'left out' } as const;

/** Of each path, by its name, the cells of the databases that have it. */
export type TableOnPage = Map<string, Partial<Record<WorldName, string>>>;

/** The title of a theme's table. */
export function titleOf(theme: string): string {
  return theme[0].toUpperCase() + theme.slice(1);
}

/** The tables of the page by their titles. */
export function tablesOnPage(): Map<string, TableOnPage> {
  return new Map(
    tablesIn(pageAt('docs/write-paths.md').text).map(([[title, ...databases], ...rows]) => [
      title,
      new Map(
        rows.map(([path, ...cells]) => [
          path,
          Object.fromEntries(
            cells.flatMap((cell, at) => (cell ? [[COLUMNS[databases[at]], cell] as const] : [])),
          ),
        ]),
      ),
    ]),
  );
}
