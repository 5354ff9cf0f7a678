import { DataSource, type DataSourceOptions } from 'typeorm';
import { audited, entities } from '../../support/entities/shelves.js';
import { type TwinDatabase } from '../paths/write-path.js';
import { Fixture, quoted, tablesOf } from './fixture.js';
import { violationsOf } from './invariants.js';
import { PoolWatch } from './pool-watch.js';
import { openRaw, type RawConnection, type RawRow } from './raw-connection.js';
import { Recorder } from './recorder.js';
import { type RunAs } from './stage.js';
import { sqliteTenant, traceTenants } from './tenants.js';

/** What a child process is asked for. */
export interface Order {
  readonly database: TwinDatabase;
  readonly options: DataSourceOptions;
  readonly isAudited: boolean;
  readonly limitMs: number;
  /** Names of scenarios. */
  readonly scenarios: readonly string[];
}

/** The data source of one process, with or without the library, and what looks at it. */
export interface World {
  readonly dataSource: DataSource;
  readonly pool: PoolWatch;
  readonly fixture: Fixture;
  readonly as: RunAs;
  /** The rows of the application's tables, what is wrong with their history, and whom it names. */
  look(): Promise<{ rows: Record<string, RawRow[]>; violations: string[]; actors: Set<unknown> }>;
}

export async function openWorld(order: Order, recorder: Recorder): Promise<World> {
  // The control process never loads the library.
  const library = order.isAudited ? await import('nestjs-typeorm-audit') : undefined;
  for (const entity of library ? audited : []) library!.Audited()(entity);
  const dataSource = await new DataSource({
    ...order.options,
    entities,
    synchronize: true,
    poolSize: 5,
    logger: recorder.logger(),
    ...(order.database === 'sqlite' && {
      prepareDatabase: (connection: any) => connection.function('tenant', () => sqliteTenant.current),
    }),
  } as DataSourceOptions).initialize();
  dataSource.subscribers.push(recorder.subscriber());
  const attached = library?.attachAudit(dataSource);
  const raw = await openRaw(dataSource);
  await traceTenants(dataSource, raw);
  const fixture = await Fixture.fill(dataSource, raw);
  return {
    dataSource,
    pool: new PoolWatch(dataSource),
    fixture,
    as: (actor, fn) => (attached ? attached.context.run({ actor }, fn) : fn()),
    look: () => look(dataSource, raw),
  };
}

async function look(
  dataSource: DataSource,
  raw: RawConnection,
): Promise<{ rows: Record<string, RawRow[]>; violations: string[]; actors: Set<unknown> }> {
  const tables = tablesOf(dataSource);
  const names = [...tables.map(({ tableName }) => tableName), 'trace'];
  const contents = await raw.run(
    names.map((name) => `SELECT * FROM ${quoted(dataSource, name)}`).join(';\n'),
  );
  const byName = new Map(names.map((name, index) => [name, contents[index]]));
  const violations = tables.flatMap(({ tableName: name, primaryColumns }) => {
    const revisions = byName.get(`${name}_rev`);
    const keys = primaryColumns.map(({ databaseName }) => databaseName);
    return revisions ? violationsOf({ name, keys }, byName.get(name)!, revisions) : [];
  });
  const own = names.filter((name) => !name.endsWith('_rev') && !name.startsWith('audit_'));
  const actors = new Set([...byName].flatMap(([, rows]) => rows.map(({ rev_actor: actor }) => actor)));
  return { rows: Object.fromEntries(own.map((name) => [name, byName.get(name)!])), violations, actors };
}
