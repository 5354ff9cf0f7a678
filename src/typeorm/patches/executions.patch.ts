import {
  type DataSource,
  type EntityMetadata,
  QueryBuilder,
  type QueryRunner,
  SelectQueryBuilder,
} from 'typeorm';
import { DeleteQueryBuilder } from 'typeorm/query-builder/DeleteQueryBuilder.js';
import { AuditError } from '../../audit.errors.js';
import { StateSlot } from '../state-slot.js';
import { typeormVersion } from '../version.js';
import { wrapMember } from '../wrap-member.js';

const PROBE = Symbol.for('nestjs-typeorm-audit:probe');

type Probed = QueryBuilder<any> & { [PROBE]?: () => void };
type Obtain = (this: QueryBuilder<any>) => QueryRunner;

/**
 * Runs a check on each query builder that is about to be executed, by a wrap of `obtainQueryRunner()`. A builder that
 * only returns its SQL obtains no query runner.
 */
export function checkExecutions(check: (builder: QueryBuilder<any>) => void): void {
  // SelectQueryBuilder overrides the method, to use a replica.
  for (const owner of ['QueryBuilder', 'SelectQueryBuilder'] as const)
    wrapMember(
      owner,
      'obtainQueryRunner',
      (obtain: Obtain): Obtain =>
        function (this: Probed) {
          const probe = this[PROBE];
          if (probe) probe();
          else check(this);
          return obtain.call(this);
        },
    );
}

/** The functions of a data source's builders that last passed the test below. */
const seen = new StateSlot<readonly unknown[]>('seen-executions');

/**
 * Tests whether executed builders reach the check. A later TypeORM or another library may prevent it. The test sends no
 * statement, and runs again after `obtainQueryRunner()` was replaced.
 *
 * @throws AuditError when they don't
 */
export function assertExecutionsChecked(dataSource: DataSource): void {
  const obtaining = [QueryBuilder, SelectQueryBuilder].map(
    ({ prototype }) => (prototype as unknown as { obtainQueryRunner: Obtain }).obtainQueryRunner,
  );
  const known = seen.of(dataSource);
  if (known && obtaining.every((obtain, n) => obtain === known[n])) return;
  const isChecked =
    reachesCheck(dataSource, (builder) => void obtaining[0].call(builder)) &&
    // getRawMany() obtains its query runner synchronously, before its first await.
    reachesCheck(dataSource, (builder) => void builder.getRawMany().catch(() => undefined));
  if (!isChecked)
    throw new AuditError(
      `QueryBuilder.obtainQueryRunner() of TypeORM ${typeormVersion()} is not what builders execute with, or another ` +
        `library has replaced it by a function that doesn't call it, so that a write within another query could not be ` +
        `refused. Use a version of TypeORM that nestjs-typeorm-audit lists among its peer dependencies, and let wraps ` +
        `call what they stand around.`,
    );
  seen.set(dataSource, obtaining);
}

function reachesCheck(dataSource: DataSource, execute: (builder: SelectQueryBuilder<any>) => void): boolean {
  // If the builder bypasses the check, it meets a query runner without a database.
  const nowhere = { query: async () => ({ records: [] }) } as unknown as QueryRunner;
  const builder = new SelectQueryBuilder(dataSource, nowhere).select('1').cache(false);
  let isReached = false;
  (builder as Probed)[PROBE] = () => {
    isReached = true;
    throw new Error('This builder only tries whether it is looked at.');
  };
  try {
    execute(builder);
  } catch (error) {
    if (!isReached) throw error;
  }
  return isReached;
}

/**
 * Tests whether builders send their statements through `query()`. It sends none to the database.
 *
 * @throws AuditError when they don't
 */
export function assertStatementsSeen(dataSource: DataSource, { target }: EntityMetadata): void {
  let isSeen = false;
  const nowhere = {
    query: async () => {
      isSeen = true;
      throw new Error('This builder only tries how it sends its statement.');
    },
  } as unknown as QueryRunner;
  // Even if sent, the DELETE would match no row.
  const builder = new DeleteQueryBuilder(dataSource, nowhere)
    .from(target)
    .where('1 = 0')
    .callListeners(false);
  (builder as Probed)[PROBE] = () => undefined;
  void builder.execute().catch(() => undefined);
  if (!isSeen)
    throw new AuditError(
      `TypeORM ${typeormVersion()} sends the statements of query builders by another method than query(). Use a version ` +
        `of TypeORM that nestjs-typeorm-audit lists among its peer dependencies.`,
    );
}
