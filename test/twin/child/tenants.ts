import { type DataSource } from 'typeorm';
import { type RawConnection } from './raw-connection.js';

const traced = ['item', 'pair', 'tag', 'shelf'];
const operations = ['INSERT', 'UPDATE', 'DELETE'];

/** The tenant that SQLite's function `tenant()` answers: it has no variables of a session. */
export const sqliteTenant: { current: string | null } = { current: null };

/** Has the database note in `trace` for which tenant each row of some tables was written. */
export async function traceTenants(dataSource: DataSource, raw: RawConnection): Promise<void> {
  const { type } = dataSource.options;
  await raw.run('CREATE TABLE trace (what varchar(20), tenant varchar(20))');
  const tenant =
    type === 'postgres'
      ? `nullif(current_setting('app.tenant', true), '')`
      : type === 'better-sqlite3'
        ? 'tenant()'
        : '@tenant';
  for (const table of traced) {
    for (const operation of operations) {
      const name = `trace_${table}_${operation.toLowerCase()}`;
      const on = `AFTER ${operation} ON ${table} FOR EACH ROW`;
      const insert = `INSERT INTO trace VALUES ('${operation} ${table}', ${tenant})`;
      if (type === 'postgres') {
        await raw.run(
          `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${insert}; RETURN NULL; END $$`,
        );
        await raw.run(`CREATE TRIGGER ${name} ${on} EXECUTE FUNCTION ${name}()`);
      } else if (type === 'better-sqlite3') {
        await raw.run(`CREATE TRIGGER ${name} ${on} BEGIN ${insert}; END`);
      } else {
        await raw.run(`CREATE TRIGGER ${name} ${on} ${insert}`);
      }
    }
  }
}

/** The statements that set the session's tenant and take it back. */
export function tenantStatements(dataSource: DataSource, tenant: string): { set: string; reset: string } {
  if (dataSource.options.type === 'postgres')
    return { set: `SET app.tenant = '${tenant}'`, reset: `RESET app.tenant` };
  return { set: `SET @tenant = '${tenant}'`, reset: 'SET @tenant = NULL' };
}
