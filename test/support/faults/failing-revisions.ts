import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { type World } from '../worlds/write-worlds.js';

const TABLE = 'no_revisions_today';

/** Prepares triggers that refuse revisions while a table of theirs has a row. */
export async function installFailure({ name, dataSource }: World): Promise<void> {
  const escape = (identifier: string): string => dataSource.driver.escape(identifier);
  const isOn = `EXISTS (SELECT 1 FROM ${TABLE})`;
  await dataSource.query(`CREATE TABLE ${TABLE} (n int)`);
  if (name === 'postgres')
    await dataSource.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS ` +
        `'BEGIN IF ${isOn} THEN RAISE EXCEPTION ''${TABLE}''; END IF; RETURN NEW; END'`,
    );
  for (const { revision } of auditPlansOf(dataSource).all) {
    const on = `CREATE TRIGGER ${escape(`refuse_${revision.tableName}`)} BEFORE INSERT ON ${escape(revision.tableName)}`;
    if (name === 'postgres') await dataSource.query(`${on} FOR EACH ROW EXECUTE FUNCTION refuse()`);
    else if (name === 'sqlite' || name === 'sqljs')
      await dataSource.query(`${on} WHEN ${isOn} BEGIN SELECT RAISE(ABORT, '${TABLE}'); END`);
    else
      await dataSource.query(
        `${on} FOR EACH ROW BEGIN IF ${isOn} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '${TABLE}'; END IF; END`,
      );
  }
}

/** Runs a function while no revision can be written. */
export async function failRevisions({ dataSource }: World, fn: () => Promise<void>): Promise<void> {
  await dataSource.query(`INSERT INTO ${TABLE} VALUES (1)`);
  try {
    await fn();
  } finally {
    await dataSource.query(`DELETE FROM ${TABLE}`);
  }
}
