import { existsSync, readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from './usage-error.js';

type Exports = Record<string, unknown>;
type Require = ReturnType<typeof createRequire>;

// The first two also emit the types of properties (emitDecoratorMetadata), which TypeORM reads.
const LOADERS = [
  { name: 'ts-node', commonjs: 'ts-node/register', esm: 'ts-node/esm' },
  { name: '@swc-node/register', commonjs: '@swc-node/register', esm: '@swc-node/register/esm' },
];

/**
 * The exports of a file: an ES module or CommonJS, JavaScript or TypeScript. The loader that the process was started
 * with compiles TypeScript; without one, the ts-node, @swc-node/register or tsx of the file's own project does.
 *
 * @throws UsageError when there is no loader for TypeScript
 */
export async function importFile(path: string): Promise<Exports> {
  const url = pathToFileURL(path).href;
  if (!/\.[cm]?ts$/.test(path)) return (await import(url)) as Exports;
  try {
    return await importOrRequire(path, url);
  } catch (error) {
    if (!isUnknownExtension(error)) throw error;
  }
  return importWithLoader(path, url);
}

// import() doesn't use a loader for CommonJS only, such as `node --require ts-node/register`.
async function importOrRequire(path: string, url: string): Promise<Exports> {
  try {
    return (await import(url)) as Exports;
  } catch (error) {
    const require = createRequire(url);
    if (!isUnknownExtension(error) || !require.extensions['.ts']) throw error;
    return require(path) as Exports;
  }
}

async function importWithLoader(path: string, url: string): Promise<Exports> {
  const require = createRequire(url);
  const loader = LOADERS.find(({ commonjs }) => pathOfModule(require, commonjs));
  if (!loader) return importWithTsx(require, path, url);
  if (!isModule(path)) {
    require(loader.commonjs);
    return require(path) as Exports;
  }
  register(loader.esm, url);
  return importAgain(url);
}

async function importWithTsx(require: Require, path: string, url: string): Promise<Exports> {
  const tsx = pathOfModule(require, 'tsx');
  if (!tsx)
    throw new UsageError(
      `${path} is TypeScript, and its project has no loader for that. Install ts-node, or @swc-node/register with ` +
        '@swc/core (tsx will do if each column names its type: it emits no decorator metadata), or give the compiled ' +
        'JavaScript file.',
    );
  await import(pathToFileURL(tsx).href);
  return importAgain(url);
}

// Node remembers the URL of a file that failed to import, so a second try needs another URL.
async function importAgain(url: string): Promise<Exports> {
  return (await import(`${url}?again`)) as Exports;
}

/** Whether Node treats a TypeScript file as an ES module: its extension decides, else the nearest package.json. */
function isModule(path: string): boolean {
  if (/\.[cm]ts$/.test(path)) return path.endsWith('.mts');
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, 'utf8')) as { type?: string }).type === 'module';
    if (folder === dirname(folder)) return false;
  }
}

function pathOfModule(require: Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch (error) {
    if ((error as { code?: string }).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function isUnknownExtension(error: unknown): boolean {
  return (error as { code?: string }).code === 'ERR_UNKNOWN_FILE_EXTENSION';
}
