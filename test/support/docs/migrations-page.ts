import { pageAt } from './pages.js';

/**
 * The statements of a block of SQL in docs/migrations.md, so that a test does what the page says.
 *
 * @param part what only this block has
 */
export function statementsWith(part: string): string[] {
  const blocks = pageAt('docs/migrations.md').blocks.filter(
    ({ language, code }) => language === 'sql' && code.includes(part),
  );
  if (blocks.length !== 1)
    throw new Error(`${blocks.length} blocks of SQL in docs/migrations.md have "${part}".`);
  return blocks[0].code
    .replace(/^--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
