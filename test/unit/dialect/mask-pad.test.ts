import { expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { AuditError } from '../../../src/audit.errors.js';
import { dialectOf } from '../../../src/dialect/dialect-of.js';

it.each([
  [{ type: 'postgres' }, { code: '42883' }, /PostgreSQL has gen_random_uuid\(\) from version 13.*pgcrypto/],
  [{ type: 'mariadb' }, { errno: 1305 }, /MariaDB has random_bytes\(\) from version 10\.10/],
])(
  'names the version that masks need where the database has no random numbers: %j',
  async (options, told, says) => {
    const dialect = dialectOf(new DataSource(options as DataSourceOptions));
    const failure = Object.assign(new Error('function does not exist'), told);
    const connection = {
      query: (_text: string, done?: (error: Error) => void) =>
        done ? done(failure) : Promise.reject(failure),
    };
    const made = dialect.masks.makePad!({ connect: () => Promise.resolve(connection) } as never);
    await expect(made).rejects.toThrow(says);
    await expect(made).rejects.toBeInstanceOf(AuditError);
  },
);
