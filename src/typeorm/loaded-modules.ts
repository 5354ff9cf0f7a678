import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A CommonJS module that the process has loaded. */
interface LoadedModule {
  readonly filename: string;
  readonly exports: unknown;
}

/** The CommonJS modules that the process has loaded, by import too; under jest those that jest has not loaded itself. */
export function loadedModules(): LoadedModule[] {
  // The cache is the process's, whatever file asks.
  const { cache } = createRequire(join(process.cwd(), 'index.js'));
  return Object.values(cache).filter((loaded) => loaded !== undefined);
}
