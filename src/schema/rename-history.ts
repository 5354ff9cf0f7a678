import { type QueryRunner } from 'typeorm';
import { InvalidArgumentError } from '../audit.errors.js';
import { findAuditPlans } from '../audited/audit-plans.js';
import { type Dialect } from '../dialect/dialect.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { tableName } from '../dialect/catalogue/table-name.js';
import { inSchemaOf } from '../dialect/schema/schema.js';
import { readTemplate } from '../dialect/run/statement.js';
import { assertOptions, type OptionNames } from '../option-names.js';
import { buildOwnTables } from '../revision/own-tables.js';
import { numberOfTable } from '../revision/shape.js';
import { dataSourceOf } from '../typeorm/data-source-of.js';
import { moveRevisions } from './move-revisions.js';
import { OwnRows } from './own-rows.js';

/** A renamed table, or one that was moved to another schema. */
export interface HistoryRename {
  /** The audited table's name before, with its schema if the entity names one. */
  readonly from: string;
  /** The audited table's name from now on, with its schema if the entity names one. */
  readonly to: string;
  /**
   * The revision table's names before and from now on, without a schema, where `@Audited({ tableName })` gives it one.
   *
   * @default the audited table's names, each with '_rev'
   * @example revisions: { from: 'booking_history', to: 'booking_history' }
   */
  readonly revisions?: { readonly from: string; readonly to: string };
}

const NAMES: OptionNames<NonNullable<HistoryRename['revisions']>> = { from: true, to: true };
const RENAME: OptionNames<HistoryRename> = { ...NAMES, revisions: true };

/**
 * Lets the history follow a table that got another name or schema. For migrations, after the statement that renames the
 * table itself. It renames the revision table with its indices, and the table in the rows of `audit_changeset`,
 * `audit_shape`, `audit_event` and `audit_maintenance`, and adds a row with the action `rename` to the last. To revert
 * it, swap `from` and `to`.
 *
 * It reads all rows of `audit_changeset`, and updates those of the table.
 *
 * @throws InvalidArgumentError if `from` has no revision table, or `to` has revisions or changesets of its own
 * @example
 * async up(queryRunner: QueryRunner) {
 *   await queryRunner.renameTable('booking', 'reservation');
 *   await renameHistory(queryRunner, { from: 'booking', to: 'reservation' });
 * }
 */
export async function renameHistory(queryRunner: QueryRunner, rename: HistoryRename): Promise<void> {
  assertOptions('rename', rename, RENAME);
  assertNames(rename);
  const dataSource = dataSourceOf(queryRunner);
  const dialect = dialectOf(dataSource);
  const own = findAuditPlans(dataSource)?.own ?? buildOwnTables(dataSource);
  const rows = await OwnRows.of(queryRunner, dataSource, own);
  const { from, to } = await pathsOf(rename, rows, dialect, (name) =>
    dataSource.driver.buildTableName(name, (dataSource.options as { schema?: string }).schema),
  );
  if (from === to)
    throw new InvalidArgumentError('to', `must be another name than from, got "${to}" for both.`);
  const { revisions } = rename;
  const history = {
    from: revisions ? beside(from, revisions.from) : `${from}_rev`,
    to: revisions ? beside(to, revisions.to) : `${to}_rev`,
  };
  const { catalogue } = dialect;
  const isMoved = catalogue.tablePlace(history.from) !== catalogue.tablePlace(history.to);
  const [before, target] = await catalogue.read(queryRunner, [history.from, history.to]);
  if (before.length === 0)
    throw new InvalidArgumentError(
      'from',
      `must be a table with a history, and "${history.from}" does not exist. Give the audited table's name as it was ` +
        `before the rename, and the names of both revision tables if @Audited({ tableName }) sets them.`,
    );
  const isTaken = isMoved && target.length > 0;
  if (isTaken && (await hasRows(history.to)))
    throw new InvalidArgumentError(
      'to',
      `must be a table without a history, and "${history.to}" has revisions. Rename that history first.`,
    );
  await assertFree(rows, from, to);
  if (isTaken) await queryRunner.query(`DROP TABLE ${tableName(dataSource, { tablePath: history.to })}`);
  // MySQL and MariaDB commit before they rename, so what can fail comes first.
  await rows.rename(from, to);
  if (isMoved) await moveRevisions(queryRunner, dataSource, history.from, history.to);

  async function hasRows(tablePath: string): Promise<boolean> {
    const found = `SELECT 1 AS found FROM ${tableName(dataSource, { tablePath })} ${dialect.sql.limit(1)}`;
    return (await readTemplate(queryRunner, dialect, found, {})).length > 0;
  }
}

function assertNames({ from, to, revisions }: HistoryRename): void {
  if (revisions !== undefined) assertOptions('revisions', revisions, NAMES);
  const given = {
    from,
    to,
    ...(revisions && { 'revisions.from': revisions.from, 'revisions.to': revisions.to }),
  };
  for (const [name, value] of Object.entries(given) as [string, unknown][])
    if (typeof value !== 'string' || value === '')
      throw new InvalidArgumentError(name, `must be the name of a table, got ${JSON.stringify(value)}.`);
}

/** The paths under which the rows of the library's tables know the audited table, before and afterwards. */
async function pathsOf(
  { from, to }: HistoryRename,
  rows: OwnRows,
  { catalogue }: Dialect,
  inDefaultSchema: (name: string) => string,
): Promise<{ from: string; to: string }> {
  const pathOf = (name: string): string => (name.includes('.') ? name : inDefaultSchema(name));
  const known = await rows.paths();
  const isKnown = (path: string): boolean => known.includes(path);
  // The entity may name the schema, and the migration leave it out.
  const spelled =
    [from, pathOf(from)].find(isKnown) ??
    known.find((path) => catalogue.tablePlace(path) === catalogue.tablePlace(pathOf(from))) ??
    pathOf(from);
  const isInSameSchema = !from.includes('.') && !to.includes('.');
  return { from: spelled, to: isInSameSchema ? beside(spelled, to) : pathOf(to) };
}

function beside(tablePath: string, name: string): string {
  return inSchemaOf({ tablePath }, name).tablePath;
}

// After an attempt that failed in between, only the new name has changesets.
async function assertFree(rows: OwnRows, from: string, to: string): Promise<void> {
  if (!(await rows.hasChangesets(to)) || !(await rows.hasChangesets(from))) return;
  throw new InvalidArgumentError(
    'to',
    `must be a table without a history, and audit_changeset has rows of "${to}". If they are of a table that was dropped, ` +
      `delete them first: those where entity = ${numberOfTable(to)}.`,
  );
}
