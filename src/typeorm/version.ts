import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** TypeORM's version, for messages. TypeORM doesn't export its package.json, so read the file beside its code. */
export function typeormVersion(): string {
  try {
    const { resolve } = createRequire(join(process.cwd(), 'package.json'));
    const text = readFileSync(join(dirname(resolve('typeorm')), 'package.json'), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return '(its version could not be read)';
  }
}
