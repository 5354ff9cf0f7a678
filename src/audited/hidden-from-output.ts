import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type EntityMetadata } from 'typeorm';

/** What class-transformer knows of a class, as far as it is used here. */
interface TransformerStorage {
  findExcludeMetadata(target: unknown, property: string): { options?: { toClassOnly?: boolean } } | undefined;
}

const STORAGE = /[\\/]class-transformer[\\/]cjs[\\/]storage\.js$/;

/** Whether class-transformer's `@Exclude()` leaves a property out of an entity's plain output; false without the package. */
export function isHiddenFromOutput({ target, inheritanceTree }: EntityMetadata, property: string): boolean {
  return [target, ...inheritanceTree].some((owner) =>
    storages().some((storage) => {
      const found = storage.findExcludeMetadata(owner, property);
      return found !== undefined && found.options?.toClassOnly !== true;
    }),
  );
}

// Of the copies that the application has loaded; an entity that is under @Exclude() has loaded its own.
function storages(): TransformerStorage[] {
  // The cache is the process's, whatever file asks.
  return Object.values(createRequire(join(process.cwd(), 'index.js')).cache)
    .filter((module) => module !== undefined && STORAGE.test(module.filename))
    .map(
      (module) => (module!.exports as { defaultMetadataStorage: TransformerStorage }).defaultMetadataStorage,
    );
}
