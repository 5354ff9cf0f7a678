// Puts what tsc made for ESM into a few files, because Node takes longest to find and link many: half of the
// library's start-up. The types stay as they are.
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const from = 'dist/esm';
const to = 'dist/bundle';

await build({
  entryPoints: ['index.js', 'cli/main.js'].map((file) => join(from, file)),
  outbase: from,
  outdir: to,
  bundle: true,
  // What the two share has to be there once.
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'es2022',
  // An error, a provider and a revision class are known by their names.
  keepNames: true,
  sourcemap: true,
  logLevel: 'warning',
});
for (const file of await readdir(from, { recursive: true }))
  if (/\.js(\.map)?$/.test(file)) await rm(join(from, file));
for (const file of await readdir(to, { recursive: true }))
  if (/\.js(\.map)?$/.test(file)) await rename(join(to, file), join(from, file));
await rm(to, { recursive: true });
