import { spawn } from 'node:child_process';
import { mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { compile, entities, modulesOf } from '../../../twin/project.js';
import { type Play, type Played } from './detour.js';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
const detours = join('test', 'e2e', 'silence', 'detours');

/**
 * A folder with the library and the scenarios as CommonJS, which can be loaded anew in one process, beside a line of
 * TypeORM. Remove it when done.
 */
export async function prepareDetours(line: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-detours-'));
  for (const part of ['src', join('test', 'twin', 'child'), entities, detours])
    await compile(join(repository, part), join(folder, part), 'commonjs');
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'commonjs' }));
  await symlink(await modulesOf(line), join(folder, 'node_modules'));
  return folder;
}

/** Plays detours in a process of their own, as they change TypeORM for good. */
export async function playDetours(folder: string, play: Play): Promise<Played> {
  const child = spawn(process.execPath, [join(folder, detours, 'child', 'main.js')], { cwd: folder });
  child.stdin.end(JSON.stringify(play));
  const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const last = printed.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`The process has played nothing: ${printed}${errors}`);
  return JSON.parse(last) as Played;
}
