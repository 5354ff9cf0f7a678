import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
export const repository = join(here, '..', '..');

/** The release lines of NestJS and TypeORM that the package promises to work with. */
export type Line = 'NestJS 11, TypeORM 0.3' | 'NestJS 12, TypeORM 1';

/** How an application's own files are compiled. */
export type ModuleStyle = 'commonjs' | 'esm';

/** Builds and packs the package, as `npm publish` would, into a folder of its own. */
export async function pack(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-compat-'));
  await run(repository, 'npm', ['pack', '--silent', '--pack-destination', folder]);
  const [tarball] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  return join(folder, tarball);
}

/**
 * Installs the packed package in a new project: that npm accepts the peers is half of the test.
 *
 * The project holds the same application twice, in the folders `commonjs` and `esm`.
 */
export async function installProject(line: Line, tarball: string): Promise<string> {
  const folder = await mkdtemp(join(dirname(tarball), 'project-'));
  await writeJson(join(folder, 'package.json'), {
    private: true,
    dependencies: { ...(await dependenciesOf(line)), 'nestjs-typeorm-audit': `file:${tarball}` },
  });
  await npmInstall(folder);
  await addSqliteBinding(folder);
  for (const style of ['commonjs', 'esm'] as const) {
    await addApplication(line, style, join(folder, style));
  }
  return folder;
}

/** Installs packages, or those of the project's package.json. */
export function npmInstall(folder: string, ...given: string[]): Promise<string> {
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
  return run(folder, 'npm', ['install', '--ignore-scripts', ...quiet, ...given]);
}

/** Of the same version as ours, so its minute of compiling is done already. */
export async function addSqliteBinding(folder: string): Promise<void> {
  const binding = 'node_modules/better-sqlite3/build/Release';
  await cp(join(repository, binding), join(folder, binding), { recursive: true });
}

/** Compiles the application with the project's own TypeScript against the package's published types. */
export function compile(folder: string): Promise<string> {
  return run(folder, process.execPath, ['../node_modules/typescript/bin/tsc', '-p', '.']);
}

/** Runs a file of the project in plain Node.js and parses what it prints. */
export async function runNode(folder: string, file: string, ...given: string[]): Promise<unknown> {
  return JSON.parse(await run(folder, process.execPath, [file, ...given]));
}

/** Adds an application whose migrations are made by TypeORM's commands, from `commands/`. */
export async function addCommandsApplication(
  line: Line,
  style: ModuleStyle,
  folder: string,
  dataSource: string,
): Promise<void> {
  await addApplication(line, style, folder, 'commands');
  await writeFile(join(folder, 'data-source.ts'), dataSource);
  if (style === 'esm') return;
  // As CommonJS applications write them, and ts-node finds them.
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const text = await readFile(join(folder, file), 'utf8');
    await writeFile(join(folder, file), text.replace(/(from '\.[^']*)\.js'/g, "$1'"));
  }
}

/** What npm would install beside the package, by place, for a project that has these already. */
export async function resolvedVersions(
  dependencies: Record<string, string>,
  tarball: string,
): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(dirname(tarball), 'resolved-'));
  await writeJson(join(folder, 'package.json'), { private: true, dependencies });
  await npmInstall(folder, '--package-lock-only', `nestjs-typeorm-audit@file:${tarball}`, 'nestjs-cls');
  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  return Object.fromEntries(Object.entries(packages).map(([place, { version }]) => [place, version]));
}

/** Where npm puts a TypeORM of our own where versions don't fit. */
const SECOND_TYPEORM = 'node_modules/nestjs-typeorm-audit/node_modules/typeorm';

export function addSecondTypeorm(project: string): Promise<void> {
  return cp(join(project, 'node_modules/typeorm'), join(project, SECOND_TYPEORM), { recursive: true });
}

export function removeSecondTypeorm(project: string): Promise<void> {
  return rm(join(project, SECOND_TYPEORM), { recursive: true, force: true });
}

/** Runs one of the commands that TypeORM installs, and gives what it prints. */
export function runTypeorm(folder: string, command: string, ...given: string[]): Promise<string> {
  return run(folder, join(folder, '../node_modules/.bin', command), given);
}

/** Adds packages that applications use beside ours, whatever their peers say, and the scripts that use them. */
export async function addPackages(project: string, packages: readonly string[]): Promise<void> {
  await npmInstall(project, '--no-save', '--legacy-peer-deps', '--omit=optional', ...packages);
  await cp(join(here, 'packages'), join(project, 'packages'), { recursive: true });
}

// The newest of AdminJS; parts of its editor that it takes as they come no longer fit each other.
const editor = [
  ...['blockquote', 'bold', 'bullet-list', 'code-block', 'dropcursor', 'gapcursor', 'hard-break', 'history'],
  ...['horizontal-rule', 'italic', 'list-item', 'ordered-list', 'paragraph', 'strike'],
];
const adminJs = {
  private: true,
  dependencies: { adminjs: '7.8.17', '@adminjs/typeorm': '5.0.1' },
  overrides: Object.fromEntries(editor.map((part) => [`@tiptap/extension-${part}`, '2.1.13'])),
};

/** Adds an AdminJS in a folder of its own, which has our package and TypeORM from the project around it. */
export async function addAdminJs(project: string): Promise<string> {
  const folder = join(project, 'adminjs');
  await cp(join(here, 'adminjs'), folder, { recursive: true });
  await writeJson(join(folder, 'package.json'), adminJs);
  const flags = ['--legacy-peer-deps', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await run(folder, 'npm', ['install', ...flags]);
  return folder;
}

/** Runs the application's own jest suite. */
export function runJest(folder: string, style: ModuleStyle): Promise<string> {
  const flags = style === 'esm' ? ['--experimental-vm-modules'] : [];
  const jest = join(repository, 'node_modules/jest/bin/jest.js');
  return run(folder, process.execPath, [
    ...flags,
    jest,
    '--rootDir',
    folder,
    '--testMatch',
    '**/out/suite.js',
  ]);
}

/** Runs a command, and rejects with all that it printed when it fails. */
export async function run(
  cwd: string,
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  // Left by the `npm test` that we run in, it would make npm install into our own folder.
  const { npm_config_local_prefix: _, ...env } = process.env;
  try {
    return (await promisify(execFile)(command, args, { cwd, env: { ...env, ...environment } })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${stdout}\n${stderr}`, { cause: error });
  }
}

async function addApplication(
  line: Line,
  style: ModuleStyle,
  folder: string,
  from = 'project',
): Promise<void> {
  await cp(join(here, from), folder, { recursive: true });
  await writeJson(join(folder, 'package.json'), { type: style === 'esm' ? 'module' : 'commonjs' });
  // node10 is how the CommonJS projects that Nest 11 generates find their packages: by `main` and `types`.
  const resolution =
    style === 'commonjs' && line === 'NestJS 11, TypeORM 0.3'
      ? { module: 'commonjs', moduleResolution: 'node10' }
      : { module: 'nodenext', moduleResolution: 'nodenext' };
  await writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: {
      ...resolution,
      target: 'ES2022',
      strict: true,
      strictPropertyInitialization: false,
      esModuleInterop: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      types: ['node'],
      // Their types are those of the other application.
      ...(from === 'commands' && { noCheck: true }),
      rootDir: '.',
      outDir: 'out',
    },
    include: ['**/*.ts'],
    exclude: ['out'],
    'ts-node': { transpileOnly: true },
  });
}

/** Packages in the versions that this repository has. */
export async function asOurs(names: readonly string[]): Promise<Record<string, string>> {
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(repository, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  return Object.fromEntries(names.map((name) => [name, dependencies[name] ?? devDependencies[name]]));
}

/** What a project of a line has, beside the library. */
export async function dependenciesOf(line: Line): Promise<Record<string, string>> {
  const { version } = JSON.parse(
    await readFile(join(repository, 'node_modules/better-sqlite3/package.json'), 'utf8'),
  ) as { version: string };
  const nest = ['common', 'core', 'platform-express', 'typeorm'].map((name) => `@nestjs/${name}`);
  const names = [...nest, 'nestjs-cls', 'typeorm', 'typescript'];
  const shared = ['@jest/globals', '@types/node', 'mysql2', 'pg', 'reflect-metadata', 'rxjs'];
  return {
    ...(await asOurs(shared)),
    'better-sqlite3': version,
    'ts-node': '10.9.2',
    ...(line === 'NestJS 12, TypeORM 1'
      ? await asOurs(names)
      : {
          '@nestjs/common': '~11.2.0',
          '@nestjs/core': '~11.2.0',
          '@nestjs/platform-express': '~11.2.0',
          '@nestjs/typeorm': '^11.0.0',
          'nestjs-cls': '~6.3.0',
          typeorm: '0.3.31',
          typescript: '~5.9.0',
        }),
  };
}

export function writeJson(file: string, value: unknown): Promise<void> {
  return mkdir(dirname(file), { recursive: true }).then(() =>
    writeFile(file, JSON.stringify(value, null, 2)),
  );
}
