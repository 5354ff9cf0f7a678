import { DataSource, type EntityMetadata, type EntitySubscriberInterface, QueryBuilder } from 'typeorm';

const PATCHED = Symbol.for('nestjs-typeorm-audit:patched');
const SUBSCRIBERS = Symbol.for('nestjs-typeorm-audit:subscribers');

/** TypeORM's protected method, and what the library leaves on the class and its instances. */
type Extensible = Omit<DataSource, never> & {
  buildMetadatas(): Promise<void>;
  [PATCHED]?: true;
  [SUBSCRIBERS]?: EntitySubscriberInterface[];
};

/**
 * Makes every data source build the revision metadata of its audited entities after its own.
 *
 * The columns of a revision are only known when TypeORM has resolved the entity's (join columns, embeddeds,
 * inheritance, naming strategy), and nothing but `buildMetadatas` stands between that and `synchronize`, so this
 * is where the library has to change somebody else's class. It does so once, whichever copy of it comes first, and
 * a data source with no audited entity is left as it was.
 *
 * @param build the metadata of a data source's revision tables, once its own has been built
 */
export function extendDataSources(build: (dataSource: DataSource) => Promise<EntityMetadata[]>): void {
  const prototype = DataSource.prototype as unknown as Extensible;
  if (prototype[PATCHED]) return;
  const buildOwn = prototype.buildMetadatas;
  prototype.buildMetadatas = async function (this: Extensible) {
    await buildOwn.call(this);
    const revisions = await build(this as unknown as DataSource);
    if (revisions.length > 0) addMetadatas(this as unknown as DataSource, revisions);
    // TypeORM makes its subscribers anew each time, and ours isn't among the classes it makes them from.
    this.subscribers.push(...(this[SUBSCRIBERS] ?? []));
  };
  prototype[PATCHED] = true;
}

/**
 * Adds a subscriber that stays when the data source is destroyed and initialised again.
 *
 * @returns what takes it away
 */
export function addSubscriber(dataSource: DataSource, subscriber: EntitySubscriberInterface): () => void {
  const extensible = dataSource as unknown as Extensible;
  const lasting = (extensible[SUBSCRIBERS] ??= []);
  lasting.push(subscriber);
  dataSource.subscribers.push(subscriber);
  return () => {
    for (const list of [lasting, dataSource.subscribers])
      if (list.includes(subscriber)) list.splice(list.indexOf(subscriber), 1);
  };
}

type BuilderFactory = (queryBuilder: QueryBuilder<any>) => QueryBuilder<any>;
type BuilderRegistry = {
  registerQueryBuilderClass(name: string, factory: BuilderFactory): void;
  [PATCHED]?: true;
};

/**
 * Puts other builders of writes in the place of TypeORM's own, for good: every `new DataSource()` registers
 * TypeORM's again, which would silently end all recording, so registering under these names is overruled.
 *
 * @param replacements by the names under which TypeORM registers its classes
 */
export function replaceQueryBuilders(replacements: Readonly<Record<string, BuilderFactory>>): void {
  const registry = QueryBuilder as unknown as BuilderRegistry;
  if (registry[PATCHED]) return;
  const register = registry.registerQueryBuilderClass.bind(QueryBuilder);
  registry.registerQueryBuilderClass = (name, factory) => register(name, replacements[name] ?? factory);
  for (const [name, factory] of Object.entries(replacements)) register(name, factory);
  registry[PATCHED] = true;
}

function addMetadatas(dataSource: DataSource, metadatas: EntityMetadata[]): void {
  const all = [...dataSource.entityMetadatas, ...metadatas];
  Object.assign(dataSource, {
    entityMetadatas: all,
    entityMetadatasMap: new Map(all.map((metadata) => [metadata.target, metadata])),
  });
}
