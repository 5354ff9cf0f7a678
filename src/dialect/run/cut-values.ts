import { type QueryRunner } from 'typeorm';
import { AuditError } from '../../audit.errors.js';
import { runPlain } from './prepared.js';

export const DOES_NOT_FIT =
  'A value does not fit its column in the revision table. Generate and run a migration.';

/** Null in a NOT NULL column, out of range, truncated (three times), no default, of another character set, too long. */
export const CUTS = new Set([1048, 1264, 1265, 1292, 1364, 1366, 1406, 1411]);

/** The result of mysql2 for a write. */
interface Header {
  readonly warningStatus?: number;
}

/**
 * Refuses a revision whose values were cut off. MySQL and MariaDB only warn of cut values without a strict `sql_mode`,
 * and after INSERT IGNORE, which skips versions that are taken.
 *
 * @throws AuditError when a value was cut off
 */
export async function assertNothingCut(
  queryRunner: QueryRunner,
  text: string,
  header: unknown,
): Promise<void> {
  if (!(header as Header | undefined)?.warningStatus || !text.startsWith('INSERT')) return;
  const statement = { text: 'SHOW WARNINGS', parameters: [], name: undefined };
  const { rows } = await runPlain(queryRunner, statement, []);
  const cut = rows.find(({ Code: code }) => CUTS.has(Number(code)));
  if (cut) throw new AuditError(`${DOES_NOT_FIT} ${String(cut.Message)}.`);
}
