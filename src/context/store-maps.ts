import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { ContextClsStoreMap } from 'nestjs-cls';

type StoreMap = Pick<typeof ContextClsStoreMap, 'get' | 'getByRaw' | 'set' | 'setByRaw'>;

// The process has one set of loaded modules, so this is a cache of theirs and no data source's state.
let maps: StoreMap[] | undefined;

/**
 * The maps of nestjs-cls from requests to their contexts.
 *
 * Version 7 has two copies, one for import and one for require. They share the open context but not these maps. We
 * import nestjs-cls, and an application of CommonJS modules, or one of its packages, requires it.
 */
export function storeMaps(): StoreMap[] {
  // Not before the first request: by then the application has loaded its modules.
  return (maps ??= [...new Set([...requiredMaps(), ContextClsStoreMap])]);
}

function requiredMaps(): StoreMap[] {
  // The whole process has one cache, whichever file asks.
  const { cache } = createRequire(join(process.cwd(), 'index.js'));
  return Object.values(cache)
    .filter((loaded) => loaded?.filename.includes(`${sep}nestjs-cls${sep}`))
    .flatMap((loaded) => (loaded!.exports as { ContextClsStoreMap?: StoreMap }).ContextClsStoreMap ?? []);
}
