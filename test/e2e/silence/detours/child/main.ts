// Plays detours around what the library wraps of TypeORM, and prints what became of each way to write.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type DataSource, type DataSourceOptions } from 'typeorm';
import { type Members } from '../../../../../src/typeorm/members.js';
import { openRaw } from '../../../../twin/child/raw-connection.js';
import { type Detour, type Outcome, type Play, type Played } from '../detour.js';
import { LATER, loadWith } from './later-typeorm.js';
import { contentsOf, playWays, refused } from './play-ways.js';
import { type Way } from './ways.js';

type Method = (this: unknown, ...given: unknown[]) => unknown;
type Holder = Record<string, Method>;

const load = createRequire(process.argv[1]);
const library = join(dirname(process.argv[1]), '../../../../../src');

let changes: Pick<Played, 'changed' | 'wrapped'> = { changed: [], wrapped: [] };

void (async () => {
  const { options, detours, ways } = JSON.parse(await text(process.stdin)) as Play;
  load('reflect-metadata');
  process.env.AUDIT_UNATTACHED = 'ignore';
  const outcomes: { detour: Detour; outcome: Outcome }[] = [];
  for (const detour of detours) outcomes.push({ detour, outcome: await play(options, detour, ways) });
  // A pool of connections may keep the process alive.
  process.stdout.write(JSON.stringify({ outcomes, ...changes } satisfies Played), () => process.exit(0));
})();

async function play(
  options: DataSourceOptions,
  detour: Detour,
  wanted: readonly string[] | undefined,
): Promise<Outcome> {
  const { DataSource: Source, members, pristine, changed } = loadedFor(detour);
  const take = (): void => takeDetour(detour, members, pristine);
  const { attachAudit } = load(join(library, 'attach-audit.js'));
  const { entities, tables } = load('../../../../support/entities/tickets.js');
  const { ways, postgresWays } = load('./ways.js') as Record<string, Way[]>;
  // All is extended when the first is attached; a TypeORM that is refused is refused again below.
  const first = await new Source({ type: 'better-sqlite3', database: ':memory:' }).initialize();
  try {
    attachAudit(first).detach();
  } catch {
    // See above.
  }
  const extended = snapshot(members);
  const wrapped = members.flatMap((each) => each.wrapped.map((name) => `${each.owner}.${name}`));
  if (detour.how === 'left alone') changes = { changed: changed(), wrapped };
  if (detour.when === 'before initialize') take();
  const dataSource: DataSource = await new Source({ ...options, entities, ...EMPTY }).initialize();
  const raw = await openRaw(dataSource);
  try {
    try {
      attachAudit(dataSource);
    } catch (error) {
      return { attachAudit: refused(error) };
    }
    const possible = options.type === 'postgres' ? [...ways, ...postgresWays] : ways;
    return await playWays({
      ways: possible.filter(({ name }) => wanted?.includes(name) ?? true),
      manager: dataSource.manager,
      detour: detour.when === 'after attach' ? take : () => undefined,
      contents: () => contentsOf(dataSource, raw, tables),
      tables,
    });
  } finally {
    extended.restore();
    await raw.close();
    await dataSource.destroy();
  }
}

const EMPTY = { synchronize: true, dropSchema: true };

interface Loaded {
  readonly DataSource: new (options: DataSourceOptions) => DataSource;
  readonly members: readonly Members[];
  /** What TypeORM has at their places. */
  readonly pristine: ReadonlyMap<object, Holder>;
  /** What of TypeORM's classes is no longer as it was loaded. */
  readonly changed: () => string[];
}

let loaded: Loaded | undefined;

/** TypeORM as it is, once for all, or a later one. */
function loadedFor({ member, how }: Detour): Loaded {
  if (how !== 'no longer called') return (loaded ??= loadAnew());
  loaded = undefined;
  const { end } = loadWith(LATER[member as keyof typeof LATER]);
  const later = loadAnew();
  end();
  return later;
}

function loadAnew(): Loaded {
  for (const file of Object.keys(load.cache))
    if (
      file.includes('/node_modules/typeorm/') ||
      file.startsWith(library) ||
      /\/(entities\/\w+|ways)\.js$/.test(file)
    )
      delete load.cache[file];
  delete (globalThis as { typeormMetadataArgsStorage?: unknown }).typeormMetadataArgsStorage;
  const { DataSource: Source } = load('typeorm');
  const { TYPEORM_MEMBERS } = load(join(library, 'typeorm/members.js'));
  const members = Object.values<Members>(TYPEORM_MEMBERS);
  const before = new Map(
    classesOfTypeorm().map((each) => [each, [visibleIn(each), visibleIn(each.prototype)]]),
  );
  const pristine = new Map(
    members.map(({ of, wrapped }) => [
      of,
      Object.fromEntries(wrapped.map((name) => [name, (of as Holder)[name]])),
    ]),
  );
  const changed = (): string[] =>
    [...before].flatMap(([each, [ofClass, ofPrototype]]) =>
      [...changedIn(each, ofClass), ...changedIn(each.prototype, ofPrototype)].map(
        (name) => `${each.name}.${name}`,
      ),
    );
  return { DataSource: Source, members, pristine, changed };
}

type Class = { readonly name: string; readonly prototype: object };

function classesOfTypeorm(): Class[] {
  const classes = Object.values(load.cache)
    .filter((file) => file?.filename.includes('/node_modules/typeorm/'))
    .flatMap((file) => Object.values((file!.exports ?? {}) as object))
    .filter((exported): exported is Class => typeof exported === 'function' && !!exported.prototype);
  return [...new Set(classes)];
}

/** The methods of an object, those that it inherits too. */
function visibleIn(owner: object): Map<string, unknown> {
  const methods = new Map<string, unknown>();
  for (let each: object = owner; each; each = Object.getPrototypeOf(each) as object)
    for (const [name, method] of ownMethods(each)) if (!methods.has(name)) methods.set(name, method);
  return methods;
}

function changedIn(owner: object, before: Map<string, unknown>): string[] {
  return ownMethods(owner)
    .filter(([name, method]) => before.get(name) !== method)
    .map(([name]) => name);
}

function ownMethods(owner: object): [string, unknown][] {
  return Object.entries(Object.getOwnPropertyDescriptors(owner))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name, { value }]) => [name, value as unknown]);
}

function takeDetour(
  { member, how }: Detour,
  members: readonly Members[],
  pristine: Loaded['pristine'],
): void {
  for (const { owner, of, wrapped } of members)
    for (const name of wrapped) {
      if (`${owner}.${name}` !== member) continue;
      const holder = of as Holder;
      const original = pristine.get(of)![name];
      const extended = holder[name];
      if (how === 'put back') holder[name] = original;
      if (how === 'replaced')
        holder[name] = function (...given) {
          return original.apply(this, given);
        };
      // As libraries for tracing do it.
      if (how === 'wrapped')
        Object.defineProperty(holder, name, {
          configurable: true,
          writable: true,
          value: Object.assign(
            function (this: unknown, ...given: unknown[]) {
              return extended.apply(this, given);
            },
            { __original: extended, __wrapped: true },
          ),
        });
    }
}

function snapshot(members: readonly Members[]): { readonly restore: () => void } {
  const found = members.flatMap(({ of, wrapped }) =>
    wrapped.map((name) => ({ of, name, own: Object.getOwnPropertyDescriptor(of, name) })),
  );
  return {
    restore: () => {
      for (const { of, name, own } of found)
        if (own) Object.defineProperty(of, name, own);
        else Reflect.deleteProperty(of, name);
    },
  };
}
