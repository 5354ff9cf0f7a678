import { type DataSource, type EntityManager } from 'typeorm';
import { violationsOf } from '../../../../twin/child/invariants.js';
import { type RawConnection, type RawRow } from '../../../../twin/child/raw-connection.js';
import { type Outcome } from '../detour.js';
import { type Way } from './ways.js';

type Keys = Readonly<Record<string, readonly string[]>>;

/** Rows by table, those of revisions too. */
type Contents = Readonly<Record<string, RawRow[]>>;

export async function contentsOf(
  { driver }: DataSource,
  raw: RawConnection,
  tables: Keys,
): Promise<Contents> {
  const names = [...Object.keys(tables), 'cart'].flatMap((table) =>
    table === 'cart' ? [table] : [table, `${table}_rev`],
  );
  const rows: Record<string, RawRow[]> = {};
  for (const name of names) [rows[name]] = await raw.run(`SELECT * FROM ${driver.escape(name)}`);
  return rows;
}

/**
 * Writes in each way, once a detour is there.
 *
 * @returns by the ways: `recorded`, `refused: …`, or what is wrong
 */
export async function playWays(play: {
  readonly ways: readonly Way[];
  readonly manager: EntityManager;
  readonly detour: () => void;
  readonly contents: () => Promise<Contents>;
  readonly tables: Keys;
}): Promise<Outcome> {
  const { ways, manager, detour, contents, tables } = play;
  const outcome: Outcome = {};
  const prepared = new Map<Way, unknown>();
  for (const way of ways) {
    try {
      prepared.set(way, await way.prepare?.(manager));
    } catch (error) {
      outcome[way.name] = refused(error);
    }
  }
  detour();
  let before = await contents();
  for (const way of ways) {
    if (outcome[way.name]) continue;
    const refusal = await way.write(manager, prepared.get(way)).then(
      () => undefined,
      (error: Error) => error,
    );
    const after = await contents();
    outcome[way.name] = verdict(before, after, refusal, tables);
    before = after;
  }
  return outcome;
}

function verdict(before: Contents, after: Contents, refusal: Error | undefined, tables: Keys): string {
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  if (refusal) return isSame ? refused(refusal) : `STORED, BUT ${refused(refusal)}`;
  if (isSame) return 'NOTHING WRITTEN';
  const violations = Object.entries(tables).flatMap(([name, keys]) =>
    violationsOf({ name, keys }, after[name], after[`${name}_rev`]),
  );
  return violations.length > 0 ? `UNRECORDED: ${violations.join('; ')}` : 'recorded';
}

/** What an error says, and its cause where that says why. */
export function refused(error: unknown): string {
  const { name, message, cause } = error as Error;
  return `refused by ${name}: ${cause instanceof Error ? cause.message : message}`;
}
