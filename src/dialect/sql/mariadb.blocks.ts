import { CUTS, DOES_NOT_FIT } from '../run/cut-values.js';
import { type NewestRevision } from '../keys/key.js';
import { type RevisionBlocks } from './revision-blocks.js';
import { ignoreTaken } from './ignore-taken.js';
import { type Sql } from './sql.js';

const NEWEST: NewestRevision = {
  id: 'audit_id',
  version: 'audit_version',
  created: 'audit_created',
  isDeleted: 'audit_is_delete',
};
const INTO = ' INTO audit_id, audit_version, audit_created, audit_is_delete, audit_is_news';
const IS_QUIET = 'audit_version IS NOT NULL AND NOT audit_is_news';

/**
 * Blocks that keep the result of a plain SELECT in variables. SELECT … INTO takes no locks; SET and DEFAULT would.
 */
export const mariadbBlocks: RevisionBlocks = {
  one: ({ mayBeTaken, look, lookAt, insert, found, mayHaveChanged, changeset }) => {
    const declared =
      `DECLARE audit_id char(36) CHARACTER SET ascii; DECLARE audit_version int; DECLARE audit_created double; ` +
      `DECLARE audit_is_delete, audit_is_news bool; DECLARE audit_written int DEFAULT 0;`;
    if (!mayBeTaken)
      return (
        `BEGIN NOT ATOMIC ${declared} ${look(INTO)}; ` +
        `IF NOT (${IS_QUIET}) THEN ${insert(NEWEST)}; SET audit_written = ROW_COUNT(); END IF; ` +
        `${ifWritten(changeset)}SELECT audit_written AS written; END`
      );
    // If the version is taken, the loop reads the revision that has it, and tries the next version. If the INSERT
    // succeeds, no newer revision exists. If there is no news, the INSERT is rolled back, and leaves no lock.
    return (
      `BEGIN NOT ATOMIC ${declared} DECLARE audit_is_taken bool; DECLARE audit_found int; ` +
      `DECLARE CONTINUE HANDLER FOR 1062 SET audit_is_taken = TRUE; ${look(INTO)}; ` +
      `SET audit_found = ${found}; ` +
      `IF audit_found > coalesce(audit_version, 0) THEN ${lookAt('audit_found', INTO)}; END IF; ` +
      `IF NOT (${IS_QUIET}) OR ${mayHaveChanged} THEN versions: LOOP SET audit_is_taken = FALSE; ` +
      `IF ${IS_QUIET} THEN SAVEPOINT audit_look; END IF; ` +
      `${insert(NEWEST)}; SET audit_written = ROW_COUNT(); ` +
      `IF NOT audit_is_taken THEN ` +
      `IF ${IS_QUIET} THEN ROLLBACK TO SAVEPOINT audit_look; SET audit_written = 0; END IF; ` +
      `LEAVE versions; END IF; ` +
      `SET audit_version = coalesce(audit_version, 0) + 1; ${lookAt('audit_version', INTO)}; ` +
      `END LOOP; END IF; ${ifWritten(changeset)}SELECT audit_written AS written; END`
    );
  },

  // GROUP_CONCAT skips nulls. Its default length would cut the text off.
  many: ({ look, columns, insert, changeset }) =>
    `BEGIN NOT ATOMIC DECLARE audit_keys, audit_same longtext CHARACTER SET utf8mb4; ` +
    `DECLARE audit_sought, audit_written, audit_warnings int DEFAULT 0; ` +
    `SET STATEMENT group_concat_max_len = 4294967295 FOR SELECT ` +
    `concat('[', group_concat(CASE WHEN news THEN JSON_ARRAY(${columns.join(', ')}) END ORDER BY n), ']'), ` +
    `concat('[', coalesce(group_concat(CASE WHEN news THEN NULL ELSE n END), ''), ']'), ` +
    `count(CASE WHEN news THEN 1 END) INTO audit_keys, audit_same, audit_sought FROM (${look}) d; ` +
    `IF audit_sought > 0 THEN ${insert('audit_keys')}; SET audit_warnings = @@warning_count, audit_written = ROW_COUNT(); ` +
    // Each skipped row gives one warning. Any other warning of INSERT IGNORE would be an error without IGNORE.
    `IF audit_warnings > audit_sought - audit_written THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '${DOES_NOT_FIT}'; ` +
    `END IF; END IF; ${ifWritten(changeset)}` +
    `SELECT audit_written AS written, audit_sought AS sought, audit_same AS same; END`,
};

/** INSERT IGNORE warns of the versions that it skips, and of values that it cuts off. Only the latter are errors. */
export const insertBothOnMariadb: NonNullable<Sql['insertBoth']> = (revisions, changeset) =>
  `BEGIN NOT ATOMIC DECLARE audit_written, audit_warnings, audit_code int DEFAULT 0; ${revisions}; ` +
  `SET audit_warnings = least(@@warning_count, @@max_error_count), audit_written = ROW_COUNT(); ` +
  `WHILE audit_warnings > 0 DO GET DIAGNOSTICS CONDITION audit_warnings audit_code = MYSQL_ERRNO; ` +
  `IF audit_code IN (${[...CUTS].join(', ')}) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '${DOES_NOT_FIT}'; END IF; ` +
  `SET audit_warnings = audit_warnings - 1; END WHILE; ` +
  `${ifWritten(ignoreTaken(changeset))}SELECT audit_written AS written; END`;

function ifWritten(changeset: string | undefined): string {
  return changeset ? `IF audit_written > 0 THEN ${changeset}; END IF; ` : '';
}
