import { type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { isSqlite } from './twins.js';
import { type World } from './write-worlds.js';

const ROLE = 'audit_test_tenant';

/**
 * Has the database keep the accounts of tenants apart, whose name is the `code`: by row level security on PostgreSQL, by
 * triggers on MariaDB and MySQL. SQLite has no variables of a session.
 */
export async function separateTenants({ name, dataSource }: World): Promise<void> {
  if (isSqlite(name)) return;
  const run = async (...statements: string[]): Promise<void> => {
    for (const statement of statements) await dataSource.query(statement);
  };
  if (name === 'postgres')
    return run(
      // Roles are the server's, and other tests may be about to make it.
      `DO $$ BEGIN CREATE ROLE ${ROLE}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${ROLE}`,
      `ALTER TABLE account DROP CONSTRAINT IF EXISTS account_code`,
      `ALTER TABLE account ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE account ALTER COLUMN code SET DEFAULT current_setting('app.tenant')`,
      `CREATE POLICY tenants ON account USING (code = current_setting('app.tenant'))`,
    );
  return run(
    `CREATE TRIGGER take_tenant BEFORE INSERT ON account FOR EACH ROW SET NEW.code = @tenant`,
    `CREATE TRIGGER keep_tenant BEFORE UPDATE ON account FOR EACH ROW SET NEW.balance = ` +
      `IF(BINARY OLD.code <=> BINARY @tenant, NEW.balance, OLD.balance)`,
  );
}

type Query = QueryRunner['query'];

/** A `query()` that runs each statement as a tenant, whatever is open. */
function asTenant(tenant: string, isPostgres: boolean, query: Query, isActive: () => boolean): Query {
  const [set, reset] = isPostgres
    ? [`SET ROLE ${ROLE}; SET app.tenant = '${tenant}'`, 'RESET ROLE; RESET app.tenant']
    : [`SET @tenant = '${tenant}'`, 'SET @tenant = NULL'];
  return between(set, reset, query, isActive);
}

/** A `query()` that sends a statement before and another behind each, but those of transactions. */
export function between(set: string, reset: string, query: Query, isActive: () => boolean): Query {
  const ofTransactions = /^\s*(start|begin|commit|rollback|savepoint|release)\b/i;
  return async (...given: Parameters<Query>): Promise<any> => {
    if (ofTransactions.test(given[0])) return query(...given);
    await query(set);
    let hasFailed = true;
    try {
      const result: unknown = await query(...given);
      hasFailed = false;
      return result;
    } finally {
      // A transaction that has failed takes nothing but its ROLLBACK, which takes the settings back too.
      if (!hasFailed || !isActive()) await query(reset);
    }
  };
}

/** SQLite's tenants are nobody's; what goes through `query()` is counted all the same. */
function counted(query: Query): Query {
  return (...given: Parameters<Query>) => query(...given);
}

type Wrap = (query: Query, isActive: () => boolean) => Query;
type Runners = (runner: QueryRunner, wrap: Wrap) => QueryRunner;

/** How applications derive query runners of their own. */
export const derivedRunners: Record<string, Runners> = {
  'a subclass with private members': (runner, wrap) => {
    const Base = runner.constructor as new (driver: unknown, mode: string) => QueryRunner;
    class TenantRunner extends Base {
      readonly #query = wrap(
        (...given: Parameters<Query>) => super.query(...given),
        () => this.isTransactionActive,
      );
      override query(...given: any[]): Promise<any> {
        return this.#query(...(given as Parameters<Query>));
      }
    }
    const { driver } = runner as unknown as { driver: unknown };
    return new TenantRunner(driver, 'master');
  },
  'Object.create()': (runner, wrap) => {
    const derived = Object.create(runner) as QueryRunner;
    const query = wrap(
      // It connects and is released itself.
      (...given: Parameters<Query>) => runner.query.call(derived, ...given),
      () => derived.isTransactionActive,
    );
    return Object.assign(derived, { query });
  },
  'a proxy': (runner, wrap) => {
    const own: Record<PropertyKey, unknown> = {};
    const proxy: QueryRunner = new Proxy(runner, {
      get: (target, name) => (name in own ? own[name] : (Reflect.get(target, name) as unknown)),
      set: (target, name, value) =>
        name === 'manager' ? Reflect.set(own, name, value) : Reflect.set(target, name, value),
    });
    own.query = wrap(
      // TypeORM's driver lists the runners that are connected, and forgets those that are released.
      (...given: Parameters<Query>) => runner.query.call(proxy, ...given),
      () => proxy.isTransactionActive,
    );
    return proxy;
  },
  'a query() of its own': (runner, wrap) => {
    const query = runner.query.bind(runner);
    // SQLite's is one for all, and would be wrapped again and again.
    const target = Object.hasOwn(runner, 'query') ? undefined : runner;
    return target ? Object.assign(target, { query: wrap(query, () => runner.isTransactionActive) }) : runner;
  },
};

/** How applications derive a data source, which differs from its base by `createQueryRunner()`. */
export const derivedDataSources: Record<string, (base: DataSource, create: Create) => DataSource> = {
  'Object.create()': (base, create) => {
    const derived = Object.create(base) as DataSource;
    derived.createQueryRunner = (mode) => create(derived, mode);
    return Object.assign(derived, { manager: derived.createEntityManager() });
  },
  'a proxy': (base, create) => {
    const own: Record<PropertyKey, unknown> = {};
    const derived: DataSource = new Proxy(base, {
      get: (target, name, receiver) =>
        name in own ? own[name] : (Reflect.get(target, name, receiver) as unknown),
    });
    own.createQueryRunner = (mode: Mode) => create(derived, mode);
    own.manager = derived.createEntityManager();
    return derived;
  },
  'a subclass': (base, create) => {
    const Base = base.constructor as new (options: object) => DataSource;
    class TenantDataSource extends Base {
      override createQueryRunner(mode: Mode): QueryRunner {
        return create(this, mode);
      }
    }
    const derived = Object.assign(new TenantDataSource(base.options), base);
    return Object.assign(derived, { manager: derived.createEntityManager() });
  },
};

type Mode = Parameters<DataSource['createQueryRunner']>[0];
type Create = (derived: DataSource, mode: Mode) => QueryRunner;

/** A tenant's data source. */
export function tenantOf(
  { name, dataSource }: World,
  tenant: string,
  howDataSource: string,
  howRunner: string,
): { manager: EntityManager; dataSource: DataSource } {
  const wrap: Wrap = (query, isActive) =>
    isSqlite(name) ? counted(query) : asTenant(tenant, name === 'postgres', query, isActive);
  const derived = derivedDataSources[howDataSource](dataSource, (own, mode) => {
    const runner = derivedRunners[howRunner](dataSource.createQueryRunner(mode), wrap);
    return Object.assign(runner, { manager: own.createEntityManager(runner) });
  });
  return { manager: derived.manager, dataSource: derived };
}
