import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import {
  createDatabase,
  databasesOfThisRun,
  type DatabaseName,
  type TestDatabase,
} from '../support/databases.js';
import {
  addCommandsApplication,
  compile,
  type Line,
  type ModuleStyle,
  runNode,
  runTypeorm,
} from './projects.js';

/** How an application's data-source file and its use of TypeORM's commands look. */
export interface CommandSetUp {
  line: Line;
  style: ModuleStyle;
  /** Whether the commands run on compiled files, or on TypeScript by ts-node. */
  files: 'compiled' | 'ts-node';
  entities: 'glob' | 'directory' | 'classes';
  database: DatabaseName;
  options?: string;
  /** Only with LONG=1. */
  long?: true;
}

const ENTITIES: Record<CommandSetUp['entities'], string> = {
  glob: "[here + '/**/*.entity.{ts,js}']",
  directory: "[here + '/entities/*']",
  classes: '[Guest, Booking, tag]',
};

const OLD = 'NestJS 11, TypeORM 0.3';
const NEW = 'NestJS 12, TypeORM 1';

/**
 * Each value beside each other one, with few set-ups. `typeorm-ts-node-esm` doesn't find the files of NestJS 12, with
 * this library or without.
 */
const SET_UPS: CommandSetUp[] = [
  {
    line: OLD,
    style: 'commonjs',
    files: 'ts-node',
    entities: 'glob',
    database: 'sqlite',
    options: 'namingStrategy: new Snakes(),',
  },
  {
    line: OLD,
    style: 'esm',
    files: 'ts-node',
    entities: 'directory',
    database: 'sqlite',
    options: "entityPrefix: 'app_',",
  },
  { line: OLD, style: 'esm', files: 'compiled', entities: 'glob', database: 'sqlite' },
  {
    line: NEW,
    style: 'commonjs',
    files: 'ts-node',
    entities: 'glob',
    database: 'postgres',
    options: "schema: 'hotel',",
  },
  {
    line: NEW,
    style: 'esm',
    files: 'compiled',
    entities: 'directory',
    database: 'sqlite',
    options: 'namingStrategy: new Snakes(),',
  },
  {
    line: NEW,
    style: 'commonjs',
    files: 'compiled',
    entities: 'classes',
    database: 'sqlite',
    options: "entityPrefix: 'app_',",
  },
  {
    line: OLD,
    style: 'commonjs',
    files: 'compiled',
    entities: 'directory',
    database: 'postgres',
    options: "schema: 'hotel',",
    long: true,
  },
  { line: OLD, style: 'esm', files: 'ts-node', entities: 'classes', database: 'mysql', long: true },
  {
    line: OLD,
    style: 'commonjs',
    files: 'ts-node',
    entities: 'glob',
    database: 'mariadb',
    options: "entityPrefix: 'app_',",
    long: true,
  },
  { line: NEW, style: 'esm', files: 'compiled', entities: 'glob', database: 'mariadb', long: true },
  {
    line: NEW,
    style: 'commonjs',
    files: 'ts-node',
    entities: 'directory',
    database: 'mysql',
    options: 'namingStrategy: new Snakes(),',
    long: true,
  },
  {
    line: NEW,
    style: 'esm',
    files: 'compiled',
    entities: 'glob',
    database: 'postgres',
    options: "schema: 'hotel', entityPrefix: 'app_',",
    long: true,
  },
];

/** Those of a line that this run plays: with LONG=1 all of them. */
export function commandSetUps(line: Line): CommandSetUp[] {
  const databases = databasesOfThisRun();
  return SET_UPS.filter(
    (setUp) => setUp.line === line && databases.includes(setUp.database) && (!setUp.long || process.env.LONG),
  );
}

/** Plays a team's migrations with TypeORM's commands: the tables, a column more, a write, and one step back. */
export async function playMigrations(project: string, setUp: CommandSetUp): Promise<void> {
  const database = await createDatabase(setUp.database, { file: true });
  try {
    await play(project, setUp, database);
  } finally {
    await database.drop();
  }
}

async function play(project: string, setUp: CommandSetUp, database: TestDatabase): Promise<void> {
  const { line, style, files } = setUp;
  const folder = join(project, `commands-${Object.values(setUp).join('-').replace(/\W+/g, '-')}`);
  await addCommandsApplication(line, style, folder, dataSourceFile(setUp, database));
  const isCompiled = files === 'compiled';
  const extension = isCompiled ? 'js' : 'ts';
  const root = isCompiled ? 'out/' : '';
  const command = isCompiled ? 'typeorm' : `typeorm-ts-node-${style}`;
  const typeorm = async (name: string, ...given: string[]): Promise<string> => {
    if (isCompiled) await compile(folder);
    return runTypeorm(folder, command, name, ...given, '-d', `${root}data-source.${extension}`);
  };
  const generate = async (name: string): Promise<string> => {
    await typeorm('migration:generate', `migrations/${name}`);
    const made = (await readdir(join(folder, 'migrations'))).find((file) => file.endsWith(`-${name}.ts`));
    return readFile(join(folder, 'migrations', made!), 'utf8');
  };

  const first = await generate('first');
  for (const table of [
    /guests?_rev/,
    /bookings?_rev/,
    /tags?_rev/,
    /booking\w*guest\w*_rev/,
    /audit_maintenance/,
  ])
    expect(first).toMatch(table);
  await typeorm('migration:run');
  await expect(generate('none')).rejects.toThrow('No changes');

  const entity = join(folder, 'entities/guest.entity.ts');
  const more = (await readFile(entity, 'utf8')).replace(
    '// more',
    '@Column({ nullable: true }) phone: string;',
  );
  await writeFile(entity, more);
  const second = await generate('second');
  for (const table of [/\bguests?\W/, /guests?_rev/]) expect(second).toMatch(table);
  await typeorm('migration:run');
  expect(await typeorm('schema:log')).toMatch(/up to date/);

  await compile(folder);
  expect(await runNode(folder, 'out/write.js')).toEqual(['insert', 'update', 'insert', 'insert', 'insert']);

  await typeorm('migration:revert');
  expect(await typeorm('schema:log')).toMatch(/guests?_rev[^]*phone/);
}

function dataSourceFile({ style, entities, options = '' }: CommandSetUp, database: TestDatabase): string {
  const here = style === 'esm' ? 'import.meta.dirname' : '__dirname';
  const imports =
    entities === 'classes'
      ? [
          "import { Booking, tag } from './entities/booking.entity.js';",
          "import { Guest } from './entities/guest.entity.js';",
        ]
      : [];
  return [
    "import 'reflect-metadata';",
    "import { DataSource } from 'typeorm';",
    ...imports,
    ...(options.includes('Snakes') ? ["import { Snakes } from './naming.js';"] : []),
    `const here = ${here};`,
    'export const dataSource = new DataSource({',
    `  ...(${JSON.stringify(database.options)} as any),`,
    `  entities: ${ENTITIES[entities]},`,
    "  migrations: [here + '/migrations/*'],",
    `  ${options}`,
    '});',
    '',
  ].join('\n');
}
