import { type DataSource, type QueryRunner } from 'typeorm';
import { sqliteTenant, tenantStatements } from '../child/tenants.js';
import { twinDatabases } from '../paths/write-path.js';
import { type Context, type Stage } from './context.js';

const group = 'derived';
const servers = twinDatabases.filter((database) => database !== 'sqlite');

type Query = (...given: any[]) => Promise<unknown>;

// These go as they are: a failed transaction of PostgreSQL takes nothing but its ROLLBACK.
const ofTransactions = /^\s*(START|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/i;

/** Runs each statement as a tenant, as `@avallone-io/rls` does. */
function asTenant(dataSource: DataSource, query: Query, isActive: () => boolean): Query {
  const { set, reset } = tenantStatements(dataSource, 'red');
  return async (...given) => {
    if (ofTransactions.test(String(given[0]))) return query(...given);
    await query(set);
    let hasFailed = true;
    try {
      const result = await query(...given);
      hasFailed = false;
      return result;
    } finally {
      if (!hasFailed || !isActive()) await query(reset);
    }
  };
}

/** The same for SQLite, where a variable of the process is the tenant. */
function asSqliteTenant(query: Query): Query {
  return async (...given) => {
    sqliteTenant.current = 'red';
    try {
      return await query(...given);
    } finally {
      sqliteTenant.current = null;
    }
  };
}

function tenantQuery(dataSource: DataSource, query: Query, isActive: () => boolean): Query {
  return dataSource.options.type === 'better-sqlite3'
    ? asSqliteTenant(query)
    : asTenant(dataSource, query, isActive);
}

type Maker = (dataSource: DataSource, runner: QueryRunner) => QueryRunner;

/** How an application gets to query runners of its own. */
const makers: Record<string, Maker> = {
  'a subclass': (dataSource, runner) => {
    const Base = runner.constructor as new (...given: unknown[]) => QueryRunner;
    class TenantRunner extends Base {
      private readonly tenantQuery = tenantQuery(
        dataSource,
        (...given) => super.query(...(given as [string])),
        () => this.isTransactionActive,
      );

      override query(...given: unknown[]): Promise<any> {
        return this.tenantQuery(...given);
      }
    }
    return new TenantRunner(dataSource.driver, 'master');
  },
  'Object.create()': (dataSource, runner) => {
    const derived = Object.create(runner) as QueryRunner;
    const query = tenantQuery(
      dataSource,
      (...given) => runner.query(...(given as [string])),
      () => derived.isTransactionActive,
    );
    return Object.assign(derived, { query });
  },
  'a proxy': (dataSource, runner) => {
    const own: Record<PropertyKey, unknown> = {
      query: tenantQuery(
        dataSource,
        (...given) => runner.query(...(given as [string])),
        () => runner.isTransactionActive,
      ),
    };
    return new Proxy(runner, {
      get: (target, property) => (property in own ? own[property] : Reflect.get(target, property, target)),
      set: (target, property, value) =>
        property === 'manager'
          ? Reflect.set(own, property, value)
          : Reflect.set(target, property, value, target),
    });
  },
};

function derive(stage: Stage, how: string): DataSource {
  const { dataSource } = stage;
  const derived = Object.create(dataSource) as DataSource;
  derived.createQueryRunner = (mode) => {
    const runner = makers[how](dataSource, dataSource.createQueryRunner(mode));
    return Object.assign(runner, { manager: derived.createEntityManager(runner) });
  };
  Object.assign(derived, { manager: derived.createEntityManager() });
  return derived;
}

/** Data sources derived from the one that is audited, whose query runners run each statement as a tenant. */
export const derived: Context[] = Object.keys(makers).flatMap((how): Context[] => {
  // SQLite's query runner is one for all.
  const databases = how === 'a subclass' ? servers : twinDatabases;
  return [
    {
      name: `on a data source derived by ${how}`,
      group,
      databases,
      run: async (stage) => {
        const { manager } = derive(stage, how);
        await stage.attempt('write', () => stage.write(manager));
        await stage.probe('a probe', manager);
      },
    },
    {
      name: `in transaction() of a data source derived by ${how}`,
      group,
      databases,
      run: async (stage) => {
        const tenant = derive(stage, how);
        await stage.attempt('write', () => tenant.transaction((manager) => stage.write(manager)));
        await stage.probe('a probe', tenant.manager);
      },
    },
    {
      name: `on a held runner of a data source derived by ${how}`,
      group,
      databases,
      run: async (stage) => {
        const runner = derive(stage, how).createQueryRunner();
        try {
          await stage.attempt('write', () => stage.write(runner.manager));
          await stage.probe('a probe', runner.manager);
        } finally {
          if (stage.database !== 'sqlite') await runner.release();
        }
      },
    },
  ];
});
