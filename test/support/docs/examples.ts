import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'node:util';
import { jest } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import ts from 'typescript';
import { GIVEN } from './given.js';
import { type Block, type Page, pageAt, ROOT } from './pages.js';

/** TypeScript of a page that runs on its own after the quick start, with the names of `GIVEN`. */
export interface Example {
  readonly page: Page;
  readonly block: Block;
}

/** What GIVEN exports for the tests. */
export interface Given {
  open(): Promise<void>;
  close(): Promise<void>;
  app: INestApplication | undefined;
}

export const README = pageAt('README.md');

/** The files of the quick start's application: the blocks of the README that begin with the name of a file. */
export const QUICK_START = README.blocks.filter((block) => fileName(block) !== undefined);

export function examplesOf(pages: readonly Page[]): Example[] {
  return pages.flatMap((page) =>
    page.blocks
      .filter((block) => block.language === 'ts' && !(page.path === README.path && fileName(block)))
      .map((block) => ({ page, block })),
  );
}

/** '// src/app.module.ts' as the first line → 'src/app.module.ts' */
export function fileName({ code }: Block): string | undefined {
  return /^\/\/ (src\/[\w.-]+\.ts)\n/.exec(code)?.[1];
}

/** A folder with the quick start and the examples, each a module. */
export class ExamplesFolder {
  private constructor(readonly path: string) {}

  static async create(examples: readonly Example[] = []): Promise<ExamplesFolder> {
    // In coverage/, which git, eslint and prettier ignore; inside of the repository, for its node_modules.
    await mkdir(join(ROOT, 'coverage'), { recursive: true });
    const folder = new ExamplesFolder(await mkdtemp(join(ROOT, 'coverage', 'docs-')));
    await mkdir(join(folder.path, 'src'));
    await writeFile(join(folder.path, 'given.ts'), GIVEN);
    for (const block of QUICK_START) await writeFile(folder.fileOf(block), block.code);
    const names = Object.keys(await folder.given());
    for (const example of examples) await writeFile(folder.moduleOf(example), wrapped(example, names));
    return folder;
  }

  async given(): Promise<Given> {
    return (await import(join(this.path, 'given.ts'))) as Given;
  }

  /** @param run makes it run once more than the plain import does */
  async run(example: Example, run = ''): Promise<void> {
    await import(this.moduleOf(example) + (run && `?${run}`));
  }

  fileOf(block: Block): string {
    return join(this.path, fileName(block)!);
  }

  /** What TypeScript says of the quick start and the examples, as strictly as of the code of a new Nest application. */
  typeErrors(examples: readonly Example[]): string[] {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    const names = [
      ...QUICK_START.map((block) => this.fileOf(block)),
      ...examples.map((example) => this.moduleOf(example)),
    ];
    // What an example shows need not be used in it.
    const program = ts.createProgram(names, { ...options, noUnusedLocals: false, noUnusedParameters: false });
    return names
      .flatMap((name) => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)))
      .map(({ file, messageText }) => {
        const name = file?.fileName.slice(this.path.length + 1);
        return `${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  private moduleOf({ page, block }: Example): string {
    return join(this.path, `${page.path.replace(/\W/g, '-')}-line-${block.line}.ts`);
  }
}

/** The types of packages that examples name, which are not among the exports at run time. */
const TYPES: readonly string[] = ['Json', 'MigrationInterface', 'QueryRunner', 'Snapshot', 'ToOne'];

/** The example as a module: in a scope of its own, so that it may declare names that are also given. */
function wrapped({ block: { code } }: Example, names: readonly string[]): string {
  const isUsed = (name: string): boolean => new RegExp(`(?<![.\\w])${name}\\b`).test(code);
  const types = TYPES.filter(isUsed).map((name) => `type ${name}`);
  const used = [...names.filter(isUsed), ...types, 'start', 'startController'];
  const imports = `import { ${used.join(', ')} } from './given.js';`;
  return `${imports}\n{\n${code}\n${startedBy(code) ?? ''}\n}\n`;
}

/** The statement that starts an application with what an example declares. */
export function startedBy(code: string): string | undefined {
  if (/^class AppModule\b/m.test(code)) return 'await start(AppModule);';
  const [, controller] = /^class (\w+Controller)\b/m.exec(code) ?? [];
  return controller && `await startController(${controller});`;
}

/** What the comments of an example say that it prints, in their order. */
export function outputsIn(code: string): string[] {
  return [...code.matchAll(/^\/\/ → (.*(?:\n\/\/.*)*)$/gm)].map(([, text]) => text.replace(/^\/\/ ?/gm, ''));
}

/** Without what differs from one run to another, and without line breaks: a page has its own. */
export function normalised(values: readonly unknown[]): string[] {
  return values.map((value) =>
    (typeof value === 'string' ? value : JSON.stringify(value))
      .replace(/[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}/g, '<uuid>')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
      .replace(/"nextCursor":"[\w-]+"/g, '"nextCursor":"<cursor>"')
      .replace(/\s+/g, ' '),
  );
}

/** Everything that `console.log()` would print from now on, as it would look. */
export function spyOnPrints(): { lines: string[]; restore: () => void } {
  const lines: string[] = [];
  const spy = jest.spyOn(console, 'log').mockImplementation((...values) => lines.push(format(...values)));
  return { lines, restore: () => spy.mockRestore() };
}
