import { createRequire } from 'node:module';
import { afterEach, expect, it, jest } from '@jest/globals';
import { attachAudit, Audited, Masked } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, type Logger, PrimaryGeneratedColumn, QueryFailedError } from 'typeorm';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { keyTraces } from '../../support/assertions/key-traces.js';

const KEY = 'neutral-made-up-key-0001';
const require = createRequire(import.meta.url);

@Audited()
@Entity()
class Purse {
  @PrimaryGeneratedColumn()
  id: number;

  @Masked()
  @Column({ type: 'varchar' })
  secret: string;

  @Column({ type: 'int' })
  n: number;
}

/** Keeps whatever an observer of an application is shown. */
class Observer implements Logger {
  readonly seen: string[] = [];

  readonly logQuery = (...given: unknown[]): void => this.see(given.slice(0, 2));
  readonly logQueryError = (error: unknown, ...given: unknown[]): void =>
    this.see([error, ...given.slice(0, 2)]);
  readonly logQuerySlow = (time: number, ...given: unknown[]): void => this.see([time, ...given.slice(0, 2)]);
  readonly logSchemaBuild = (message: string): void => this.see(message);
  readonly logMigration = (message: string): void => this.see(message);
  readonly log = (_: string, message: unknown): void => this.see(message);

  see(what: unknown): void {
    this.seen.push(
      JSON.stringify(what, (_, value: unknown) =>
        value instanceof Error ? { ...value, text: value.message } : value,
      ),
    );
  }

  /** Records what a driver is asked, as tracing packages do that replace its methods; the server is sent no more. */
  trace(prototype: object, method: string): void {
    const owner = prototype as Record<string, (...given: unknown[]) => unknown>;
    const original = owner[method];
    const see = this.see.bind(this);
    jest.spyOn(owner, method).mockImplementation(function (this: unknown, ...given) {
      see(given.filter((value) => typeof value !== 'function').map((value) => traced(value)));
      return original.apply(this, given);
    });
  }
}

function traced(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { text, sql, values } = value as Record<string, unknown>;
  return { text, sql, values };
}

describeDatabases('the mask key', (name) => {
  let database: TestDatabase | undefined;
  let dataSource: DataSource | undefined;

  afterEach(async () => {
    jest.restoreAllMocks();
    if (dataSource?.isInitialized) await dataSource.destroy();
    await database?.drop();
  });

  it('is not to be had from logs, traces, subscribers and errors, nor is one that is derived from it', async () => {
    const observer = new Observer();
    database = await createDatabase(name);
    dataSource = new DataSource({
      ...database.options,
      entities: [Purse],
      synchronize: true,
      logging: true,
      logger: observer,
      maxQueryExecutionTime: 0.0001,
    });
    await dataSource.initialize();
    dataSource.subscribers.push({
      beforeQuery: ({ query, parameters }) => observer.see({ query, parameters }),
      afterQuery: ({ query, parameters, rawResults }) => observer.see({ query, parameters, rawResults }),
    });
    for (const [prototype, method] of tracedMethods(name)) observer.trace(prototype, method);
    const { maintenance } = attachAudit(dataSource, { maskKey: KEY });

    const purses = dataSource.getRepository(Purse);
    const { id } = await purses.save({ secret: 'a', n: 1 });
    await purses.save({ id, secret: 'b' });
    await purses.insert(Array.from({ length: 30 }, (_, n) => ({ secret: `${n}`, n })));
    await purses.createQueryBuilder().update().set({ secret: 'c' }).where('n < 5').execute();
    await purses.update(id, { n: 3 });
    await purses.delete({ n: 20 });
    expect(await maintenance.verify()).toMatchObject({ ok: true });
    await dataSource.query('DROP TABLE purse_rev');
    const error = await purses.save({ secret: 'd', n: 1 }).catch((failed: unknown) => failed);
    expect(error).toBeInstanceOf(QueryFailedError);
    observer.see(error);
    observer.see((error as QueryFailedError).parameters);
    observer.see(String((error as Error).stack));

    const seen = observer.seen.join('\n');
    expect(seen).toContain('purse_rev');
    const traces = keyTraces(seen, KEY, 'purse', 'secret');
    expect(traces).toMatchObject({ forms: [], pairs: [] });
    if (name !== 'sqlite') {
      expect(traces.numbers).toBeGreaterThan(10);
      // Proves that the pad's own statement was seen.
      expect(seen).toMatch(/gen_random_uuid|random_bytes/);
    }
  });
});

function tracedMethods(name: string): [object, string][] {
  if (name === 'postgres') return [[(require('pg') as typeof import('pg')).Client.prototype, 'query']];
  if (name === 'sqlite') return [[(require('better-sqlite3') as { prototype: object }).prototype, 'prepare']];
  const base = Object.getPrototypeOf(
    (require('mysql2') as { Connection: { prototype: object } }).Connection.prototype,
  ) as object;
  return [
    [base, 'query'],
    [base, 'execute'],
  ];
}
