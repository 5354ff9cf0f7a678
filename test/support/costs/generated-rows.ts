import { type DatabaseName } from '../servers/databases.js';

/** A table `s` of the numbers from 0, as `n`. */
export const numbers: Record<DatabaseName, (count: number) => string> = {
  sqlite: (count) =>
    `(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < ${count - 1}) SELECT n FROM s) s`,
  postgres: (count) => `(SELECT n FROM generate_series(0, ${count - 1}) AS n) s`,
  mariadb: (count) => `(SELECT CAST(seq AS SIGNED) AS n FROM seq_0_to_${count - 1}) s`,
  // It has no tables of numbers, and a recursive query stops at 1,000.
  mysql: (count) =>
    `(SELECT CAST(n AS SIGNED) - 1 AS n FROM JSON_TABLE(concat('[0', repeat(',0', ${count - 1}), ']'), ` +
    `'$[*]' COLUMNS (n FOR ORDINALITY)) j) s`,
};

/** The UUID that a number is written as. */
export const uuids: Record<DatabaseName, (number: string) => string> = {
  sqlite: (number) => `printf('%032x', ${number})`,
  postgres: (number) => `lpad(to_hex(${number}), 32, '0')::uuid`,
  mariadb: (number) => `lpad(hex(${number}), 32, '0')`,
  mysql: (number) => `lpad(hex(${number}), 32, '0')`,
};

/** A new UUID for each row. */
export const newUuid: Record<DatabaseName, string> = {
  sqlite: 'lower(hex(randomblob(16)))',
  postgres: 'gen_random_uuid()',
  mariadb: 'uuid()',
  mysql: 'uuid()',
};

/** Divides whole numbers. */
export const quotient: Record<DatabaseName, (number: string, by: number) => string> = {
  sqlite: (number, by) => `(${number} / ${by})`,
  postgres: (number, by) => `(${number} / ${by})`,
  mariadb: (number, by) => `(${number} DIV ${by})`,
  mysql: (number, by) => `(${number} DIV ${by})`,
};

/** Makes the optimizer count what tables hold. */
export const analyze: Record<DatabaseName, (tables: readonly string[]) => string> = {
  sqlite: () => 'ANALYZE',
  postgres: (tables) => `ANALYZE ${tables.join(', ')}`,
  mariadb: (tables) => `ANALYZE TABLE ${tables.join(', ')}`,
  mysql: (tables) => `ANALYZE TABLE ${tables.join(', ')}`,
};
