import { type DataSource, type QueryRunner } from 'typeorm';
import { type DatabaseName } from '../servers/databases.js';
import { analyze, newUuid, numbers } from './generated-rows.js';

/** How many revisions each row has. */
const VERSIONS = 5;
// With fewer PostgreSQL reads all of them for a hundred, as that is cheaper than to look up each.
const SEATS = 100_000;
const OTHERS = 20_000;

const tables: Record<string, { rows: number; values: Record<string, string> }> = {
  seat: { rows: SEATS, values: { id: 'n + 1', number: '-1 - n', taken: 'FALSE' } },
  tag: { rows: OTHERS, values: { id: 'n + 1' } },
  hall: { rows: OTHERS, values: { id: 'n + 1' } },
  hall_tags_tag: { rows: OTHERS, values: { hallId: 'n + 1', tagId: 'n + 1' } },
};

/** Fills the tables of the counted writes. */
export async function fillTables(name: DatabaseName, dataSource: DataSource): Promise<void> {
  for (const [table, { rows, values }] of Object.entries(tables)) {
    const columns = namesOf(dataSource, values);
    await dataSource.query(
      `INSERT INTO ${table} (${columns}) SELECT ${Object.values(values).join(', ')} FROM ${numbers[name](rows)}`,
    );
    if (name === 'postgres' && 'id' in values)
      await dataSource.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), ${rows})`);
    await dataSource.query(analyze[name]([table]));
  }
}

/** Gives each of their rows a history. */
export async function fillHistories(name: DatabaseName, dataSource: DataSource): Promise<void> {
  for (const [table, { values }] of Object.entries(tables)) {
    const columns = namesOf(dataSource, values);
    await dataSource.query(
      `INSERT INTO ${table}_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_transaction, ${columns}) ` +
        `SELECT ${newUuid[name]}, 1577836800 + n, FALSE, n + 1, 'update', ${newUuid[name]}, ${columns} ` +
        `FROM ${table} CROSS JOIN ${numbers[name](VERSIONS)}`,
    );
    await dataSource.query(analyze[name]([`${table}_rev`]));
  }
}

/** Gives the seats that were made since a history as long as that of the others. */
export async function lengthenHistories(name: DatabaseName, runner: QueryRunner): Promise<void> {
  await runner.query(
    `INSERT INTO seat_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_transaction, id, number, taken) ` +
      `SELECT ${newUuid[name]}, rev_created, FALSE, n + 2, 'update', rev_transaction, id, number, taken ` +
      `FROM seat_rev r CROSS JOIN ${numbers[name](VERSIONS - 1)} WHERE id > ${SEATS} AND rev_version = 1 ` +
      `AND NOT EXISTS (SELECT 1 FROM seat_rev o WHERE o.id = r.id AND o.rev_version = 2)`,
  );
}

function namesOf(dataSource: DataSource, values: object): string {
  return Object.keys(values)
    .map((column) => dataSource.driver.escape(column))
    .join(', ');
}
