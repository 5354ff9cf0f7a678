import { type TypeOrmModuleOptions } from '@nestjs/typeorm';

/** Without a DATABASE_URL the reservations are kept in this file, in the folder that the sample is started in. */
export const DEFAULT_URL = 'sqlite:reservations.sqlite';

/**
 * @param url `sqlite:` and a file, `postgres://…`, `mysql://…` or `mariadb://…`
 * @throws Error for any other
 */
export function database(url = DEFAULT_URL): TypeOrmModuleOptions {
  return {
    ...connection(url),
    autoLoadEntities: true,
    // Makes the tables reservation and reservation_rev. Where there is data to lose, migrations do: synchronize
    // also drops columns that the entities don't have.
    synchronize: true,
    // Says at once when the database doesn't answer.
    retryAttempts: 0,
  };
}

function connection(url: string): TypeOrmModuleOptions {
  const [scheme] = url.split(':', 1);
  switch (scheme) {
    case 'sqlite':
      return { type: 'better-sqlite3', database: url.slice('sqlite:'.length) };
    case 'postgres':
    case 'postgresql':
      return { type: 'postgres', url };
    case 'mysql':
    case 'mariadb':
      return { type: scheme, url };
    default:
      throw new Error('DATABASE_URL begins with none of sqlite:, postgres://, mysql:// and mariadb://.');
  }
}
