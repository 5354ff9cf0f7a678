import { LabelError } from '../../audit.errors.js';
import { currentRequest } from '../../context/request-context.js';

/** The names of actors by their ids. */
export type ActorLabel = (
  ids: string[],
) => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;

/** Asks the application for the names of actors: once for each in a request, else once for each call. */
export class ActorLabels {
  private readonly ofRequests = new WeakMap<object, Map<string, Promise<string>>>();

  constructor(private readonly label: ActorLabel | undefined) {}

  /** The names of actors. An actor that the application doesn't know is its own name. @throws LabelError */
  async of(actors: readonly (string | null)[]): Promise<ReadonlyMap<string, string>> {
    const ids = [...new Set(actors)].filter((id): id is string => id !== null);
    if (!this.label) return new Map(ids.map((id) => [id, id]));
    const known = this.known();
    const asked = ids.filter((id) => !known.has(id));
    const names = asked.length > 0 ? namesOf(this.label, asked) : undefined;
    for (const id of asked)
      known.set(
        id,
        names!.then((found) => found.get(id) || id),
      );
    try {
      return new Map(await Promise.all(ids.map(async (id) => [id, await known.get(id)!] as const)));
    } catch (error) {
      // The next call asks again.
      for (const id of asked) known.delete(id);
      throw error;
    }
  }

  // A job has no end that we know of, and would keep old names.
  private known(): Map<string, Promise<string>> {
    const request = currentRequest()?.request;
    if (typeof request !== 'object' || request === null) return new Map();
    const known = this.ofRequests.get(request) ?? new Map<string, Promise<string>>();
    this.ofRequests.set(request, known);
    return known;
  }
}

async function namesOf(label: ActorLabel, ids: string[]): Promise<ReadonlyMap<string, string>> {
  let names: unknown;
  try {
    names = await label([...ids]);
  } catch (error) {
    throw new LabelError(
      `actorLabel failed (${String(error)}). Catch what it may throw and return an empty Map to show ids.`,
      { cause: error },
    );
  }
  if (names instanceof Map && [...names.values()].every((name) => typeof name === 'string'))
    return names as Map<string, string>;
  throw new LabelError(
    `actorLabel must return a Map of names by id, or a promise of one, got ${names instanceof Map ? 'a Map with other values' : typeof names}.`,
  );
}
