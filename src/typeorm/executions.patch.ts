import {
  type DataSource,
  type EntityMetadata,
  QueryBuilder,
  type QueryRunner,
  SelectQueryBuilder,
} from 'typeorm';
import { DeleteQueryBuilder } from 'typeorm/query-builder/DeleteQueryBuilder.js';
import { AuditError } from '../audit.errors.js';
import { StateSlot } from './state-slot.js';
import { typeormVersion } from './version.js';
import { wrapMember } from './wrap-member.js';

const PROBE = Symbol.for('nestjs-typeorm-audit:probe');

type Probed = QueryBuilder<any> & { [PROBE]?: () => void };
type Obtain = (this: QueryBuilder<any>) => QueryRunner;

/**
 * Lets a check look at each query builder that is about to be executed, and not at one whose text alone is asked for:
 * the query runner is what all of them obtain first.
 */
export function checkExecutions(check: (builder: QueryBuilder<any>) => void): void {
  // A SELECT has one of its own, which asks for another connection.
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

/** The functions of a data source's builders that were last seen to come to the check. */
const seen = new StateSlot<readonly unknown[]>('seen-executions');

/**
 * Tries whether what builders execute comes to the check, which a later TypeORM or another library may prevent. It is
 * tried again when another function stands there; no statement is sent.
 *
 * @throws AuditError when it doesn't
 */
export function assertExecutionsChecked(dataSource: DataSource): void {
  const obtaining = [QueryBuilder, SelectQueryBuilder].map(
    ({ prototype }) => (prototype as unknown as { obtainQueryRunner: Obtain }).obtainQueryRunner,
  );
  const known = seen.of(dataSource);
  if (known && obtaining.every((obtain, n) => obtain === known[n])) return;
  const isChecked =
    reachesCheck(dataSource, (builder) => void obtaining[0].call(builder)) &&
    // The first thing that it does, before it waits for anything.
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
  // What goes past the check finds no database here.
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
 * Tries whether builders send their statements by `query()`. None is sent.
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
  // It would find nothing, whatever it is sent with.
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
