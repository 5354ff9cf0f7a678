// Puts what tsc made for ESM into a few files, because Node takes longest to find and link many: half of the
// library's start-up. The types stay as they are.
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rollup } from 'rollup';

const from = 'dist/esm';
const to = 'dist/bundle';

const bundle = await rollup({
  input: { index: join(from, 'index.js'), 'cli/main': join(from, 'cli/main.js') },
  external: (id) => /^[^./]/.test(id),
  plugins: [{ name: 'tsc-maps', load: withMap }],
  // TypeScript's helpers ask for it, and take undefined.
  onwarn: (warning, warn) => warning.code === 'THIS_IS_UNDEFINED' || warn(warning),
});
await bundle.write({ dir: to, format: 'es', sourcemap: true, chunkFileNames: 'shared.js' });
await bundle.close();
for (const file of await readdir(from, { recursive: true }))
  if (/\.js(\.map)?$/.test(file)) await rm(join(from, file));
for (const file of await readdir(to, { recursive: true }))
  if (/\.js(\.map)?$/.test(file)) await rename(join(to, file), join(from, file));
await rm(to, { recursive: true });

async function withMap(id) {
  return { code: await readFile(id, 'utf8'), map: await readFile(`${id}.map`, 'utf8') };
}
