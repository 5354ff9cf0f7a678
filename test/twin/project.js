// A folder in which plain Node runs the library and the scenarios as compiled now, beside one of two lines of TypeORM.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from '@swc/core';
import jestConfig from '../../jest.config.js';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [, swcOptions] = jestConfig.projects[0].transform['\\.ts$'];

export const lines = ['1', '0.3'];
export const entities = join('test', 'support', 'entities');

export async function prepareProject(line, library = repository) {
  const folder = await mkdtemp(join(tmpdir(), 'audit-twin-'));
  await compile(join(library, 'src'), join(folder, 'src'));
  for (const part of [join('test', 'twin'), entities])
    await compile(join(repository, part), join(folder, part));
  const packageJson = { name: 'nestjs-typeorm-audit', type: 'module', exports: './src/index.js' };
  await writeFile(join(folder, 'package.json'), JSON.stringify(packageJson));
  await symlink(await modulesOf(line), join(folder, 'node_modules'));
  return folder;
}

/** Where the packages of a line are. */
export async function modulesOf(line) {
  return line === '1' ? join(repository, 'node_modules') : installed03();
}

/** @param module how modules are written: `es6` or `commonjs` */
export async function compile(from, to, module = swcOptions.module.type) {
  for (const file of await readdir(from, { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const target = join(to, file.replace(/\.ts$/, '.js'));
    const { code } = await transform(await readFile(join(from, file), 'utf8'), {
      ...swcOptions,
      module: { type: module },
      sourceMaps: 'inline',
      filename: join(from, file),
      swcrc: false,
    });
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, code);
  }
}

async function installed03() {
  const { devDependencies: ours, dependencies } = await jsonOf(join(repository, 'package.json'));
  const { version } = await jsonOf(join(repository, 'node_modules', 'better-sqlite3', 'package.json'));
  const wanted = {
    ...dependencies,
    ...Object.fromEntries(['mysql2', 'pg', 'reflect-metadata', 'rxjs'].map((name) => [name, ours[name]])),
    '@nestjs/common': '~11.2.0',
    '@nestjs/core': '~11.2.0',
    '@nestjs/typeorm': '^11.0.0',
    'better-sqlite3': version,
    'nestjs-cls': '~6.3.0',
    typeorm: '0.3.31',
  };
  const text = JSON.stringify({ private: true, dependencies: wanted });
  const hash = createHash('sha256').update(text).update(process.version).digest('hex').slice(0, 12);
  const kept = join(tmpdir(), `audit-twin-typeorm-0.3-${hash}`);
  if (!(await exists(kept))) await install(text, kept);
  return join(kept, 'node_modules');
}

async function install(packageJson, kept) {
  const folder = await mkdtemp(`${kept}-`);
  await writeFile(join(folder, 'package.json'), packageJson);
  // Left by the `npm test` that we run in, it would make npm install into our own folder.
  const env = { ...process.env, npm_config_local_prefix: undefined };
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', ['install', ...flags], { cwd: folder, env });
  // Of the same version as ours, so its minute of compiling is done already.
  const binding = join('node_modules', 'better-sqlite3', 'build', 'Release');
  await cp(join(repository, binding), join(folder, binding), { recursive: true });
  // Another run may have been faster.
  await rename(folder, kept).catch(() => rm(folder, { recursive: true }));
}

async function jsonOf(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}

function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}
