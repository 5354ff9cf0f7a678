import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { type AuditOptions } from '../../../src/audit.options.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { attachCapture } from '../../../src/capture/attach-capture.js';
import { skipForWantOfServers } from '../servers/databases.js';
import { expectInvariants } from '../assertions/invariants.js';
import {
  contentsOf,
  openWorld,
  type World,
  type WorldName,
  type WorldOptions,
  worldNames,
} from './write-worlds.js';

/** A data source whose writes are recorded, and its twin without the library. */
export interface Twins {
  readonly audited: World;
  readonly plain: World;
  /**
   * Plays a scenario on empty tables, without and with the library, and expects the same: what it gives, and what the
   * tables hold in the end. The history has to satisfy the invariants.
   *
   * @returns the revisions, as in `A: account 1 v2 update by ann`, with a letter for each transaction
   */
  play(scenario: (world: World) => Promise<unknown>): Promise<string[]>;
}

export type TwinOptions = WorldOptions & {
  readonly audit?: AuditOptions;
  /** What else is there, a trigger say. */
  readonly prepare?: (world: World) => Promise<unknown>;
};

/** Which worlds speak MySQL's SQL. */
export const isMysql = (name: WorldName): boolean => name !== 'postgres' && !isSqlite(name);

export const isSqlite = (name: WorldName): boolean => name === 'sqlite' || name === 'sqljs';

/** A `describe` for each database and driver, with twins that all of its tests share. */
export function describeTwins(
  title: string,
  options: TwinOptions,
  body: (twins: () => Twins, name: WorldName) => void,
  names: readonly WorldName[] = worldNames(true),
): void {
  const present = names.filter((name) => worldNames(true).includes(name));
  if (present.length === 0) return skipForWantOfServers(title);
  describe(title, () => {
    describe.each(present)('%s', (name) => {
      let twins: Twins;
      beforeAll(async () => {
        twins = await openTwins(name, options);
      });
      afterAll(async () => {
        await twins?.audited.close();
        await twins?.plain.close();
      });
      body(() => twins, name);
    });
  });
}

async function openTwins(name: WorldName, { audit = {}, prepare, ...options }: TwinOptions): Promise<Twins> {
  const [audited, plain] = await Promise.all([
    openWorld(name, options, false),
    openWorld(name, options, false),
  ]);
  for (const world of [audited, plain]) await prepare?.(world);
  attachCapture(audited.dataSource, audit, audited.context);
  return {
    audited,
    plain,
    play: async (scenario) => {
      const expected = await outcomeOf(plain, scenario);
      expect(await outcomeOf(audited, scenario)).toEqual(expected);
      await expectInvariants(audited.dataSource);
      return revisionsOf(audited);
    },
  };
}

async function outcomeOf(world: World, scenario: (world: World) => Promise<unknown>): Promise<unknown> {
  await world.reset();
  const value = await scenario(world);
  return { value, tables: await contentsOf(world, { revisions: false }) };
}

/** What an application can tell an error by. */
export function describeError(error: unknown): object {
  const { name, message, code, errno } = error as Error & { code?: unknown; errno?: unknown };
  return { name, message, code, errno };
}

/** Gives what a promise is rejected with, as an application can tell it, or its value. */
export function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch(describeError);
}

/** All revisions in the order in which they were made. */
export async function revisionsOf({ dataSource }: World): Promise<string[]> {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const found: { id: string; transaction: string; text: string }[] = [];
  for (const { revision, metadata, keys } of auditPlansOf(dataSource).all) {
    const names = keys.map(({ databaseName }) => databaseName);
    const rows = await dataSource.query<Record<string, unknown>[]>(
      `SELECT rev_id, rev_transaction, rev_actor, rev_operation, rev_version, ${names.map(escape).join(', ')} ` +
        `FROM ${escape(revision.tableName)}`,
    );
    for (const row of rows) {
      const by = row.rev_actor === null ? '' : ` by ${row.rev_actor as string}`;
      const key = names.map((name) => row[name]).join(',');
      found.push({
        id: row.rev_id as string,
        transaction: row.rev_transaction as string,
        text: `${metadata.tableName} ${key} v${String(row.rev_version)} ${String(row.rev_operation)}${by}`,
      });
    }
  }
  found.sort((one, other) => (one.id < other.id ? -1 : 1));
  const transactions = [...new Set(found.map(({ transaction }) => transaction))];
  return found.map(({ transaction, text }) => `${letter(transactions.indexOf(transaction))}: ${text}`);
}

function letter(n: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + n);
}
