import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import * as library from 'nestjs-typeorm-audit';
import request from 'supertest';
import { DataSource } from 'typeorm';
import ts from 'typescript';
import { COMMANDS } from '../../../src/cli/commands.js';
import { runCommand } from '../../../src/cli/run-command.js';
import { REVISION_COLUMNS } from '../../../src/revision/revision-columns.js';

// Of the README, all TypeScript is compiled with its types and run, and whatever it shows as output has to be the
// output. A block that begins with the name of a file is that file of the quick start's application. Each of the
// others runs on its own after the quick start, with the names that the README says are there (`given`).

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** A fenced block. */
interface Block {
  readonly language: string;
  readonly code: string;
  readonly line: number;
  /** Those behind it up to the next TypeScript: what it is to answer or print. */
  readonly followers: Block[];
}

const readme = await readFile(join(root, 'README.md'), 'utf8');
const blocks = blocksOf(readme);
const files = blocks.filter(({ language, code }) => language === 'ts' && fileName(code));
const snippets = blocks.filter(({ language, code }) => language === 'ts' && !fileName(code));

/** What the module that stands in for the reader's own code exports, beside what the README imports elsewhere. */
interface Given {
  open(): Promise<void>;
  close(): Promise<void>;
  app: INestApplication | undefined;
}

const given = `
import { type DynamicModule, Injectable, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditContext, AuditMaintenance, AuditModule, HistoryService } from 'nestjs-typeorm-audit';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource, type Repository } from 'typeorm';
import { AppModule as QuickStart } from './src/app.module.js';
import { Reservation } from './src/reservation.entity.js';
import { ReservationService } from './src/reservation.service.js';
export * from '@nestjs/common';
export * from '@nestjs/typeorm';
export * from 'nestjs-typeorm-audit';
export * from 'typeorm';
export { Reservation, ReservationService };

export const database: TypeOrmModuleOptions = {
  type: 'better-sqlite3',
  database: ':memory:',
  entities: [Reservation],
  synchronize: true,
};

@Injectable()
export class AdminGuard {
  canActivate() {
    return true;
  }
}

export let history: HistoryService;
export let maintenance: AuditMaintenance;
export let audit: AuditContext;
export let dataSource: DataSource;
export let reservations: Repository<Reservation>;
/** What a snippet has started. */
export let app: Awaited<ReturnType<typeof NestFactory.create>> | undefined;
let quickStart: typeof app;

export async function open() {
  quickStart = await NestFactory.create(QuickStart, { logger: ['error'], abortOnError: false });
  await quickStart.init();
  history = quickStart.get(HistoryService);
  maintenance = quickStart.get(AuditMaintenance);
  audit = quickStart.get(AuditContext);
  dataSource = quickStart.get(DataSource);
  reservations = dataSource.getRepository(Reservation);
}

export async function close() {
  await app?.close();
  await quickStart?.close();
  app = quickStart = undefined;
}

export async function start(module: Type | DynamicModule) {
  const { log } = console;
  // The quick start's service prints when it starts.
  console.log = () => undefined;
  try {
    app = await NestFactory.create(module, { logger: ['error'], abortOnError: false });
    await app.init();
  } finally {
    console.log = log;
  }
}

export async function startController(controller: Type) {
  const imports = [TypeOrmModule.forRoot(database), TypeOrmModule.forFeature([Reservation]), AuditModule.forRoot()];
  await start({ module: class {}, imports, controllers: [controller] });
}
`;

let folder: string;
beforeAll(async () => {
  // In coverage/, which git, eslint and prettier ignore; inside of the repository, for its node_modules.
  await mkdir(join(root, 'coverage'), { recursive: true });
  folder = await mkdtemp(join(root, 'coverage', 'readme-'));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'given.ts'), given);
  for (const { code } of files) await writeFile(join(folder, fileName(code)!), code);
  printed = [];
  const names = Object.keys((await import(join(folder, 'given.ts'))) as object);
  for (const snippet of snippets) await writeFile(moduleOf(snippet), wrapped(snippet, names));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let printed: string[];
const log = jest.spyOn(console, 'log').mockImplementation((...values) => printed.push(format(...values)));
afterAll(() => log.mockRestore());

describe('the code of the README', () => {
  it('type-checks as strictly as the code of a new Nest application', () => {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const names = [...files.map(({ code }) => join(folder, fileName(code)!)), ...snippets.map(moduleOf)];
    // What a snippet shows need not be used in it.
    const program = ts.createProgram(names, { ...options, noUnusedLocals: false, noUnusedParameters: false });
    const errors = names.flatMap((name) => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)));
    expect(errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  }, 60_000);

  it('is all run, and of no other languages than this test knows', () => {
    expect(files.map(({ code }) => fileName(code))).toEqual([
      'src/reservation.entity.ts',
      'src/reservation.service.ts',
      'src/app.module.ts',
    ]);
    expect(new Set(blocks.map(({ language }) => language))).toEqual(
      new Set(['bash', 'ts', 'text', 'http', 'json']),
    );
    expect(snippets.length).toBeGreaterThan(8);
    // Each has something to be held to.
    expect(snippets.filter(({ code }) => outputsIn(code).length === 0 && !startedBy(code))).toEqual([]);
    const shown = snippets.flatMap(({ code }) => outputsIn(code));
    expect(shown.length).toBeGreaterThan(8);
    // None is written in a way that would not be found.
    expect(readme.match(/→/g)).toHaveLength(shown.length);
    expect(readme.match(/^ *[`~]{3}/gm)).toHaveLength(2 * blocks.length);
  });

  describe('in the quick start', () => {
    let app: INestApplication;
    beforeAll(async () => {
      const { AppModule } = (await import(join(folder, 'src/app.module.ts'))) as { AppModule: Type };
      printed = [];
      app = await NestFactory.create(AppModule, { logger: ['error'], abortOnError: false });
      await app.init();
    });
    afterAll(() => app.close());

    it('prints what it says', () => {
      const [output] = files.at(-1)!.followers;
      expect(output.language).toBe('text');
      expect(printed.join('\n')).toBe(output.code.trimEnd());
    });

    it('leaves the table that it shows', async () => {
      const [columns, ...rows] = tableBelow('Of these three writes');
      const shown = await app
        .get(DataSource)
        .query<Record<string, string | number | null>[]>(
          `SELECT ${columns.join(', ')} FROM reservation_rev ORDER BY rev_version`,
        );
      const cell = (column: string, value: string | number | null): string =>
        column === 'rev_isdelete' ? String(Boolean(value)) : String(value ?? '');
      expect(rows).toEqual(shown.map((row) => columns.map((column) => cell(column, row[column]))));
    });

    it('is installed with what the package needs', async () => {
      const { peerDependencies, peerDependenciesMeta, scripts } = JSON.parse(
        await readFile(join(root, 'package.json'), 'utf8'),
      ) as Record<'peerDependencies' | 'peerDependenciesMeta' | 'scripts', Record<string, unknown>>;
      const commands = blocks
        .filter(({ language }) => language === 'bash')
        .flatMap(({ code }) => code.trim().split('\n'));
      const installed = commands
        .find((command) => /^npm install \S/.test(command))!
        .split(' ')
        .slice(2);
      const inNewApplications = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
      const needed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]);
      expect([...inNewApplications, ...installed]).toEqual(expect.arrayContaining(needed));
      const run = [...readme.matchAll(/npm (?:run ([\w:]+)|(start|test))/g)].map(
        ([, script, own]) => script ?? own,
      );
      expect(Object.keys(scripts)).toEqual(expect.arrayContaining(run));
    });
  });

  describe('below it', () => {
    let module: Given;
    beforeAll(async () => {
      module = (await import(join(folder, 'given.ts'))) as Given;
    });
    afterEach(() => module.close());

    it.each(snippets.map((snippet) => [snippet.line, snippet] as const))(
      'prints what it says and is answered as it says, in line %i',
      async (_line, snippet) => {
        await module.open();
        printed = [];
        await import(moduleOf(snippet));
        expect(normalised(printed)).toEqual(normalised(outputsIn(snippet.code)));
        for (const [at, { language, code }] of snippet.followers.entries()) {
          if (language !== 'http') continue;
          const [method, path] = code.trim().split(' ');
          expect(method).toBe('GET');
          const answer = await request(module.app!.getHttpServer()).get(path);
          const { language: shown, code: body } = snippet.followers[at + 1];
          expect(shown).toBe('json');
          expect(normalised([answer.body])).toEqual(normalised([JSON.parse(body)]));
        }
      },
    );

    it('takes the reason from the request', async () => {
      const snippet = snippets.find(({ code }) => code.includes('class ReservationController'))!;
      await module.open();
      await import(`${moduleOf(snippet)}?again`);
      const app = module.app!;
      const reservations = app.get(DataSource).getRepository('Reservation');
      await reservations.save({ name: 'Ann', party: 2 });
      await request(app.getHttpServer()).delete('/reservations/1?reason=Ann+called').expect(200);
      expect(await app.get(library.HistoryService).latest('Reservation', 1)).toMatchObject({
        operation: 'delete',
        reason: 'Ann called',
      });
    });

    it('has the routes that it lists', async () => {
      const snippet = snippets.find(({ followers }) =>
        followers.some(({ language }) => language === 'http'),
      )!;
      await module.open();
      printed = [];
      await import(`${moduleOf(snippet)}?routes`);
      const { paths } = SwaggerModule.createDocument(module.app!, new DocumentBuilder().build());
      const routes = Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations as Record<string, { parameters?: { name: string; in: string }[] }>).map(
          ([method, { parameters = [] }]) => {
            const query = parameters
              .filter((parameter) => parameter.in === 'query')
              .map(({ name }) => `${name}=`);
            const url = path.replace(/\{(\w+)\}/g, ':$1') + (query.length > 0 ? `?${query.join('&')}` : '');
            return `\`${method.toUpperCase()} ${url}\``;
          },
        ),
      );
      expect(tableOf('route').map(([route]) => route)).toEqual(routes);
    });
  });
});

describe('the command line of the README', () => {
  const prefix = 'npx nestjs-typeorm-audit ';

  it('prints what it says', async () => {
    const database = join(folder, 'reservations.sqlite');
    // One for each command, which has a process to itself otherwise.
    const nextFile = async (name: number | string): Promise<string> => {
      const file = join(folder, `data-source-${name}.ts`);
      await writeFile(file, dataSourceFile(database));
      return file;
    };
    const { default: dataSource } = (await import(await nextFile('before'))) as { default: DataSource };
    await dataSource.initialize();
    await dataSource.query(`INSERT INTO reservation (name, party) VALUES ('Ann', 2)`);
    await dataSource.destroy();

    const at = blocks.findIndex(({ code }) => code.startsWith(prefix));
    const [{ language, code }, shown] = blocks.slice(at);
    expect([language, shown.language]).toEqual(['bash', 'text']);
    printed = [];
    const codes: number[] = [];
    for (const [line, command] of code.trimEnd().split('\n').entries()) {
      const words = command
        .slice(prefix.length)
        .replace('./data-source.js', await nextFile(line))
        .split(' ');
      codes.push(await runCommand(words.map((word) => word.replace(/"/g, ''))));
    }
    expect(printed.join('\n')).toBe(shown.code.trimEnd());
    expect(codes).toEqual([1, 0]);
  });

  it('has the commands and options that it lists', () => {
    const marked = (names: readonly string[], required: readonly string[]): string[] =>
      names.map((name) => (required.includes(name) ? `**\`--${name}\`**` : `\`--${name}\``));
    const rows = tableOf('command').map(([name, options]) => [name, options.split(', ')]);
    expect(rows).toEqual(
      Object.entries(COMMANDS).map(([name, { options, required }]) => [
        `\`${name}\``,
        marked(options, required),
      ]),
    );
  });
});

describe('the tables of the README', () => {
  it('have the columns of a revision table', () => {
    const names = tableOf('column').map(([name]) => name);
    expect(names).toEqual([
      ...Object.values(REVISION_COLUMNS).map((name) => `\`${name}\``),
      'every column of the audited table',
    ]);
  });

  it.each([
    [
      'option',
      {
        'src/audit.options.ts': ['AuditOptions', 'AuditModuleShape', 'EndpointOptions'],
        'src/audited/audited-options.ts': ['AuditedOptions'],
      },
    ],
    ['option of `timeline`', { 'src/history/revisions/revision.ts': ['TimelineOptions'] }],
  ])('have each %s, with its default', async (title, interfaces) => {
    const options = (await Promise.all(Object.entries(interfaces).map(optionsIn))).flat();
    const rows = tableOf(title).flatMap(([names, value]) => names.split(', ').map((name) => [name, value]));
    expect(rows.map(([name]) => name).sort()).toEqual(options.map(({ name }) => `\`${name}\``).sort());
    for (const { name, value } of options.filter(
      ({ value }) => value && /^('.*'|\d+|true|false|\[\])$/.test(value),
    ))
      expect(rows).toContainEqual([`\`${name}\``, `\`${value}\``]);
  });

  it('have every error', () => {
    const errors = Object.entries(library)
      .filter(([, value]) => typeof value === 'function' && value.prototype instanceof library.AuditError)
      .map(([name]) => `\`${name}\``);
    const shown = tableOf('error').flatMap(([names]) => names.split(', '));
    expect([...shown].sort()).toEqual(errors.sort());
  });
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

function blocksOf(markdown: string): Block[] {
  const all: Block[] = [];
  for (const match of markdown.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)) {
    const line = markdown.slice(0, match.index).split('\n').length;
    const block = { language: match[1], code: match[2], line, followers: [] };
    if (block.language !== 'ts') all.findLast(({ language }) => language === 'ts')?.followers.push(block);
    all.push(block);
  }
  return all;
}

/** '// src/app.module.ts' as the first line → 'src/app.module.ts' */
function fileName(code: string): string | undefined {
  return /^\/\/ (src\/[\w.-]+\.ts)\n/.exec(code)?.[1];
}

function moduleOf({ line }: Block): string {
  return join(folder, `line-${line}.ts`);
}

/** The snippet as a module: in a scope of its own, so that it may declare names that are also given. */
function wrapped({ code }: Block, names: readonly string[]): string {
  const used = names.filter((name) => new RegExp(`(?<![.\\w])${name}\\b`).test(code));
  const start = startedBy(code) ?? '';
  const imports = `import { ${[...used, 'start', 'startController'].join(', ')} } from './given.js';`;
  return `${imports}\n{\n${code}\n${start}\n}\n`;
}

/** The statement that starts an application with what a snippet declares. */
function startedBy(code: string): string | undefined {
  if (/^class AppModule\b/m.test(code)) return 'await start(AppModule);';
  const [, controller] = /^class (\w+Controller)\b/m.exec(code) ?? [];
  return controller && `await startController(${controller});`;
}

/** What the comments say that is printed, in their order. */
function outputsIn(code: string): string[] {
  return [...code.matchAll(/^\/\/ → (.*(?:\n\/\/.*)*)$/gm)].map(([, text]) => text.replace(/^\/\/ ?/gm, ''));
}

/** Without what differs from one run to another, and without the line breaks, which a README has its own of. */
function normalised(values: readonly unknown[]): string[] {
  return values.map((value) =>
    (typeof value === 'string' ? value : JSON.stringify(value))
      .replace(/[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}/g, '<uuid>')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
      .replace(/"nextCursor":"[\w-]+"/g, '"nextCursor":"<cursor>"')
      .replace(/\s+/g, ' '),
  );
}

/** The body of every table whose first column has this title. */
function tableOf(title: string): string[][] {
  return tables().flatMap(([head, ...rows]) => (head[0] === title ? rows : []));
}

function tableBelow(text: string): string[][] {
  const [table] = tables(readme.slice(readme.indexOf(text)));
  return table;
}

function tables(markdown = readme): string[][][] {
  return [...markdown.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) => {
    const rows = table.trimEnd().split('\n');
    return rows
      .filter((_, at) => at !== 1)
      .map((row) =>
        row
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      );
  });
}

/** The properties of interfaces, with what their comments say is the default. */
async function optionsIn([file, interfaces]: [string, string[]]): Promise<
  { name: string; value?: string }[]
> {
  const source = ts.createSourceFile(
    file,
    await readFile(join(root, file), 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  const declared = source.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => interfaces.includes(name.text));
  expect(declared).toHaveLength(interfaces.length);
  return declared
    .flatMap(({ members }) => members.filter(ts.isPropertySignature))
    .map((option) => {
      const tag = ts.getJSDocTags(option).find(({ tagName }) => tagName.text === 'default');
      return { name: option.name.getText(), value: ts.getTextOfJSDocComment(tag?.comment) };
    });
}
