import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataSource } from 'typeorm';
import { COMMANDS } from '../../../src/cli/commands.js';
import { runCommand } from '../../../src/cli/run-command.js';
import { ExamplesFolder, spyOnPrints } from '../../support/docs/examples.js';
import { documentation, pageAt, rowsOf } from '../../support/docs/pages.js';

const COMMAND = 'npx nestjs-typeorm-audit ';
const page = pageAt('docs/command-line.md');

describe('the page on the command line', () => {
  let folder: ExamplesFolder;
  beforeAll(async () => {
    folder = await ExamplesFolder.create();
  });
  afterAll(() => folder.remove());

  it('shows what the commands print', async () => {
    const database = join(folder.path, 'reservations.sqlite');
    // One for each command, which has a process to itself otherwise.
    const nextFile = async (name: number | string): Promise<string> => {
      const file = join(folder.path, `data-source-${name}.ts`);
      await writeFile(file, dataSourceFile(database));
      return file;
    };
    const { default: dataSource } = (await import(await nextFile('before'))) as { default: DataSource };
    await dataSource.initialize();
    await dataSource.query(`INSERT INTO reservation (name, party) VALUES ('Ann', 2)`);
    await dataSource.destroy();

    const at = page.blocks.findIndex(({ code }) => code.startsWith(COMMAND));
    const [{ language, code }, shown] = page.blocks.slice(at);
    expect([language, shown.language]).toEqual(['bash', 'text']);
    const { lines, restore } = spyOnPrints();
    const codes: number[] = [];
    for (const [line, command] of code.trimEnd().split('\n').entries()) {
      const words = command
        .slice(COMMAND.length)
        .replace('./data-source.js', await nextFile(line))
        .split(' ');
      codes.push(await runCommand(words.map((word) => word.replace(/"/g, ''))));
    }
    restore();
    expect(lines.join('\n')).toBe(shown.code.trimEnd());
    expect(codes).toEqual([1, 0]);
  });

  it('lists the commands and their options', () => {
    const marked = (names: readonly string[], required: readonly string[]): string[] =>
      names.map((name) => (required.includes(name) ? `**\`--${name}\`**` : `\`--${name}\``));
    const rows = rowsOf(page, 'command').map(([name, options]) => [name, options.split(', ')]);
    expect(rows).toEqual(
      Object.entries(COMMANDS).map(([name, { options, required }]) => [
        `\`${name}\``,
        marked(options, required),
      ]),
    );
  });
});

it('is named in the other pages by commands that it has', () => {
  const named = documentation().flatMap(({ text }) =>
    [...text.matchAll(/npx nestjs-typeorm-audit ([a-z]+)/g)].map(([, command]) => command),
  );
  expect(Object.keys(COMMANDS)).toEqual(expect.arrayContaining(named));
});

/** A module that exports the data source of an application with a database in a file. */
function dataSourceFile(database: string): string {
  return `
import { DataSource } from 'typeorm';
import { Reservation } from './src/reservation.entity.js';
export default new DataSource({
  type: 'better-sqlite3',
  database: ${JSON.stringify(database)},
  entities: [Reservation],
  synchronize: true,
});
`;
}
