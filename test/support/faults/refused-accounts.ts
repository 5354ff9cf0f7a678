import { isSqlite } from '../worlds/twins.js';
import { type World } from '../worlds/write-worlds.js';

/** The `code` of an account whose revision the database refuses, with the message `unrecordable`. */
export const UNRECORDABLE = 'unrecordable';

/** Prepares the trigger that refuses the revisions of such accounts, and nothing else. */
export async function refuseRevisions({ name, dataSource }: World): Promise<void> {
  const refused = `NEW.code = '${UNRECORDABLE}'`;
  const on = 'CREATE TRIGGER refuse_account BEFORE INSERT ON account_rev FOR EACH ROW';
  if (name === 'postgres') {
    await dataSource.query(
      `CREATE FUNCTION refuse_account() RETURNS trigger LANGUAGE plpgsql AS ` +
        `'BEGIN RAISE EXCEPTION ''${UNRECORDABLE}''; END'`,
    );
    await dataSource.query(`${on} WHEN (${refused}) EXECUTE FUNCTION refuse_account()`);
  } else if (isSqlite(name))
    await dataSource.query(`${on} WHEN ${refused} BEGIN SELECT RAISE(ABORT, '${UNRECORDABLE}'); END`);
  else
    await dataSource.query(
      `${on} BEGIN IF ${refused} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '${UNRECORDABLE}'; END IF; END`,
    );
}
