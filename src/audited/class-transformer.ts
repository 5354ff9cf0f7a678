import { loadedModules } from '../typeorm/loaded-modules.js';

/** class-transformer's options, which ClassSerializerInterceptor takes and `@SerializeOptions()` sets. */
export interface SerializerOptions {
  groups?: string[];
  version?: number;
  strategy?: 'excludeAll' | 'exposeAll';
  excludePrefixes?: string[];
  excludeExtraneousValues?: boolean;
  ignoreDecorators?: boolean;
}

interface ExposeOptions {
  groups?: string[];
  since?: number;
  until?: number;
}

/** class-transformer's storage of decorator metadata. The package publishes no other way to read the metadata. */
export interface DecoratorStorage {
  getStrategy(target: object): 'none' | 'excludeAll' | 'exposeAll';
  getExposedProperties(target: object, transformation: number): string[];
  getExcludedProperties(target: object, transformation: number): string[];
  findExposeMetadata(target: object, property: string): { options?: ExposeOptions } | undefined;
}

// TransformationType.CLASS_TO_PLAIN
const TO_PLAIN = 1;

/** The storage of the application's class-transformer; undefined without the package, when nothing is decorated. */
export async function loadDecoratorStorage(): Promise<DecoratorStorage | undefined> {
  try {
    const { defaultMetadataStorage } = (await import('class-transformer/cjs/storage.js')) as {
      defaultMetadataStorage: DecoratorStorage;
    };
    return defaultMetadataStorage;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const STORAGE = /[\\/]class-transformer[\\/]cjs[\\/]storage\.js$/;

/** The storages of all copies loaded by now. A decorated entity has loaded its own copy. */
export function loadedDecoratorStorages(): DecoratorStorage[] {
  return loadedModules()
    .filter(({ filename }) => STORAGE.test(filename))
    .map(({ exports }) => (exports as { defaultMetadataStorage: DecoratorStorage }).defaultMetadataStorage);
}

/** Whether class-transformer leaves a property out when it makes plain objects of a class's instances. */
export function isLeftOut(
  storage: DecoratorStorage,
  target: object,
  property: string,
  options: SerializerOptions,
): boolean {
  if (options.excludePrefixes?.some((prefix) => property.startsWith(prefix))) return true;
  if (options.ignoreDecorators) return false;
  const own = storage.getStrategy(target);
  const strategy = own === 'none' ? options.strategy : own;
  if (strategy === 'excludeAll' || options.excludeExtraneousValues)
    if (!storage.getExposedProperties(target, TO_PLAIN).includes(property)) return true;
  if (storage.getExcludedProperties(target, TO_PLAIN).includes(property)) return true;
  return !isOffered(storage.findExposeMetadata(target, property)?.options ?? {}, options);
}

/** Whether `@Expose({ groups, since, until })` exposes a property under these options. */
function isOffered({ groups = [], since, until }: ExposeOptions, options: SerializerOptions): boolean {
  const { version } = options;
  if (version !== undefined && ((since ?? version) > version || (until ?? Infinity) <= version)) return false;
  return groups.length === 0 || groups.some((group) => options.groups?.includes(group));
}

function isMissing(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return /^(ERR_)?MODULE_NOT_FOUND$/.test(code ?? '') && !!message?.includes('class-transformer');
}
