import { expect } from '@jest/globals';
import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../../src/audited/audit-plan.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { maskedColumn, runMasked } from '../../../src/audited/masks/mask-key.js';
import { RevisionDeleteForbiddenError, RevisionUpdateForbiddenError } from '../../../src/audit.errors.js';
import { dialectOf } from '../../../src/dialect/dialect-of.js';
import { maskedLike } from '../../../src/dialect/masks/mask.js';
import { compileStatement, type Statement } from '../../../src/dialect/run/statement.js';

type Row = Record<string, unknown>;

/**
 * Asserts the invariants of the history on every audited table: complete, truthful, ordered, quiet, append-only. And
 * each transaction has a changeset for exactly the tables in which it has revisions; the primary key makes it one.
 *
 * The rows are compared as the database has them, in SQL that shares nothing with what wrote the revisions but the
 * dialect's comparison.
 */
export async function expectInvariants(dataSource: DataSource, { erased = false } = {}): Promise<void> {
  for (const plan of auditPlansOf(dataSource).all) {
    const sql = sqlOf(dataSource, plan);
    const violations = {
      table: plan.metadata.tablePath,
      withoutRevision: await sql.query(
        `SELECT ${sql.keys('t')} FROM ${sql.table} t LEFT JOIN ${sql.newest} p ON ${sql.sameKey('t', 'p')} WHERE p.rev_id IS NULL`,
      ),
      notAsRecorded: await sql.query(
        `SELECT ${sql.keys('t')}, p.rev_version FROM ${sql.table} t JOIN ${sql.newest} p ON ${sql.sameKey('t', 'p')} ` +
          `WHERE p.rev_isdelete OR ${sql.differ('t', 'p')}`,
      ),
      goneButNotDeleted: await sql.query(
        `SELECT ${sql.keys('p')}, p.rev_version FROM ${sql.newest} p LEFT JOIN ${sql.table} t ON ${sql.sameKey('t', 'p')} ` +
          `WHERE t.${sql.key} IS NULL AND NOT p.rev_isdelete`,
      ),
      gapsInVersions: await sql.query(
        `SELECT ${sql.keys('r')}, min(r.rev_version) AS first, max(r.rev_version) AS last, count(*) AS number FROM ${sql.revisions} r ` +
          `GROUP BY ${sql.keys('r')} HAVING max(r.rev_version) - min(r.rev_version) + 1 <> count(*)`,
      ),
      outOfOrder: await sql.query(
        `SELECT ${sql.keys('r')}, r.rev_version FROM ${sql.revisions} r JOIN ${sql.revisions} p ON ${sql.sameKey('r', 'p')} ` +
          `AND p.rev_version = r.rev_version - 1 WHERE p.rev_created >= r.rev_created`,
      ),
      // What was erased from revisions may have been all that they changed.
      withoutChange: erased
        ? []
        : await sql.query(
            `SELECT ${sql.keys('r')}, r.rev_version FROM ${sql.revisions} r JOIN ${sql.revisions} p ON ${sql.sameKey('r', 'p')} ` +
              `AND p.rev_version = r.rev_version - 1 WHERE (r.rev_isdelete AND p.rev_isdelete) OR ` +
              `(NOT r.rev_isdelete AND NOT p.rev_isdelete AND NOT (${sql.differ('r', 'p')}))`,
          ),
      withoutChangeset: await sql.query(
        `SELECT DISTINCT r.rev_transaction FROM ${sql.revisions} r LEFT JOIN ${sql.changesets} c ON c.id = r.rev_transaction ` +
          `AND c.entity = ${plan.number} WHERE c.id IS NULL AND r.rev_shape IS NOT NULL`,
      ),
    };
    expect(violations).toEqual({
      table: plan.metadata.tablePath,
      withoutChangeset: [],
      withoutRevision: [],
      notAsRecorded: [],
      goneButNotDeleted: [],
      gapsInVersions: [],
      outOfOrder: [],
      withoutChange: [],
    });
    await expectAppendOnly(dataSource, plan);
  }
}

async function expectAppendOnly(dataSource: DataSource, { revision }: AuditPlan): Promise<void> {
  const repository = dataSource.getRepository(revision.target);
  const [row] = await repository.find({ take: 1 });
  if (!row) return;
  await expect(repository.update({ revId: row.revId as string }, { revActor: 'forged' })).rejects.toThrow(
    RevisionUpdateForbiddenError,
  );
  await expect(repository.delete({ revId: row.revId as string })).rejects.toThrow(
    RevisionDeleteForbiddenError,
  );
}

interface Sql {
  table: string;
  revisions: string;
  changesets: string;
  newest: string;
  key: string;
  keys(alias: string): string;
  sameKey(left: string, right: string): string;
  differ(left: string, right: string): string;
  query(sql: string): Promise<Row[]>;
}

function sqlOf(dataSource: DataSource, plan: AuditPlan): Sql {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const path = (name: string): string => name.split('.').map(escape).join('.');
  const dialect = dialectOf(dataSource);
  const names = plan.keys.map(({ databaseName }) => escape(databaseName));
  const revisions = path(plan.revision.tablePath);
  const { changeset } = auditPlansOf(dataSource).own!;
  // An enum key and its copy have different types in PostgreSQL.
  const text = (expression: string): string =>
    dataSource.options.type === 'postgres' ? `${expression}::text` : expression;
  return {
    table: path(plan.metadata.tablePath),
    revisions,
    changesets: path(changeset.tablePath),
    newest:
      `(SELECT * FROM ${revisions} r WHERE r.rev_version = (SELECT max(m.rev_version) FROM ${revisions} m ` +
      `WHERE ${names.map((name) => `m.${name} = r.${name}`).join(' AND ')}))`,
    key: names[0],
    keys: (alias) => names.map((name) => `${alias}.${name}`).join(', '),
    sameKey: (left, right) =>
      names.map((name) => `${text(`${left}.${name}`)} = ${text(`${right}.${name}`)}`).join(' AND '),
    // The live row is on the left, where enums are enums: between revisions the copies stand on both sides.
    differ: (left, right) => {
      const compared = new Map(
        plan.columns.map((column) => [left === 't' && !column.mask ? column.source : column.copy, column]),
      );
      return dialect.types.differ(
        [...compared.keys()],
        (column) => {
          const value = `${left}.${escape(column.databaseName)}`;
          const hidden = maskedColumn(dataSource, compared.get(column)!);
          const older = `${right}.${escape(column.databaseName)}`;
          return left === 't' && hidden ? maskedLike(dialect, hidden, value, older) : value;
        },
        (column) => `${right}.${escape(column.databaseName)}`,
      );
    },
    query: (sql) => {
      const statement = compileStatement(dialect, sql);
      // Where the database is one connection, somebody may have a transaction on it.
      if (dialect.sessions.sharesConnection)
        return bound(dataSource, dataSource.createQueryRunner(), statement);
      // A mask's key is of a transaction, and subscribers to transactions hear of each.
      if (statement.parameters.length === 0) return dataSource.query<Row[]>(statement.text);
      return dataSource.transaction(({ queryRunner }) => bound(dataSource, queryRunner!, statement));
    },
  };
}

async function bound(dataSource: DataSource, queryRunner: QueryRunner, statement: Statement): Promise<Row[]> {
  return runMasked(dataSource, queryRunner, statement, {}, async (values) => {
    return (await queryRunner.query(statement.text, values)) as Row[];
  });
}
