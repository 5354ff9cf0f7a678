import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A CommonJS module that the process has loaded. */
interface LoadedModule {
  readonly filename: string;
  readonly exports: unknown;
}

/** The CommonJS modules that the process has loaded, by import too; under jest without modules that jest loaded. */
export function loadedModules(): LoadedModule[] {
  // All files of a process share one module cache.
  const { cache } = createRequire(join(process.cwd(), 'index.js'));
  return Object.values(cache).filter((loaded) => loaded !== undefined);
}
