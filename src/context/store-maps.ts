import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { ContextClsStoreMap } from 'nestjs-cls';

type StoreMap = Pick<typeof ContextClsStoreMap, 'get' | 'getByRaw' | 'set' | 'setByRaw'>;

// The process has one set of loaded modules, so this is a cache of theirs and no data source's state.
let maps: StoreMap[] | undefined;

/**
 * The maps of nestjs-cls from requests to their contexts.
 *
 * Version 7 is two copies, one to import and one to require, which share the context that is open but not these maps.
 * We import it, and an application of CommonJS modules, or a package that it has, requires it.
 */
export function storeMaps(): StoreMap[] {
  // Not before the first request: then the application has loaded what it has.
  return (maps ??= [...new Set([...requiredMaps(), ContextClsStoreMap])]);
}

function requiredMaps(): StoreMap[] {
  // The cache is the process's, whatever file asks.
  const { cache } = createRequire(join(process.cwd(), 'index.js'));
  return Object.values(cache)
    .filter((loaded) => loaded?.filename.includes(`${sep}nestjs-cls${sep}`))
    .flatMap((loaded) => (loaded!.exports as { ContextClsStoreMap?: StoreMap }).ContextClsStoreMap ?? []);
}
