import { type QueryRunner } from 'typeorm';
import { newId } from '../../revision/clock.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Executed } from '../../dialect/run/executed.js';
import { type Key } from '../../dialect/keys/key.js';
import { type Statement } from '../../dialect/run/statement.js';
import { keyParameters } from '../../dialect/keys/key-text.js';
import { type FoundRevision } from '../write/found-newest.js';
import { needsChangeset, noteWritten } from './changesets.js';
import { type Recordable, valuesOf } from './table-write.js';
import { kindOf, recordingOf } from './insert-revisions.js';
import { type RevisionSql } from './revision-sql.js';
import { type TableStatement, type TableStatements } from './table-statements.js';
import {
  lookAndRecordOne,
  lookAtVersion,
  lookOne,
  recordNext,
  recordNextIfFree,
  removeOne,
  type Versioning,
} from './version-statements.js';

/** Inserts the revision of one row after a look at its newest one: see `VersionInserts`. */
export class VersionInsert {
  constructor(
    private readonly statements: TableStatements,
    private readonly dialect: Dialect,
  ) {}

  insert(queryRunner: QueryRunner, recordable: Recordable, key: Key): Promise<number> {
    const found = recordable.newest?.of(recordable.plan, key);
    return this.dialect.sql.blocks
      ? this.insertInBlock(queryRunner, recordable, key, found)
      : this.insertInSteps(queryRunner, recordable, key, found);
  }

  private async insertInBlock(
    queryRunner: QueryRunner,
    recordable: Recordable,
    key: Key,
    found: FoundRevision | undefined,
  ): Promise<number> {
    const values = {
      ...keyValues(recordable, key),
      id: newId(),
      found: found?.version ?? 0,
      mayHaveChanged: recordable.haveChanged !== false,
    };
    const block = blockStatement('block', recordable, lookAndRecordOne);
    const { rows } = await this.statements.execute(queryRunner, block, values);
    return noteWritten(recordable, rows[0].written);
  }

  private async insertInSteps(
    queryRunner: QueryRunner,
    recordable: Recordable,
    key: Key,
    found: FoundRevision | undefined,
  ): Promise<number> {
    const { mayBeTaken, recording } = versioningOf(recordable);
    const { plan } = recordable;
    const given = keyValues(recordable, key);
    const run = (kind: string, build: (sql: RevisionSql) => Statement, values: object): Promise<Executed> =>
      this.statements.execute(
        queryRunner,
        { plan, kind: `${kind} ${kindOf(recording)}`, build },
        { ...given, ...values },
      );
    const lookAt = (version: number): Promise<Executed> =>
      run('look at', (sql) => lookAtVersion(sql, recording), { version });
    let [newest = NONE] = (await run('look', (sql) => lookOne(sql, recording), {})).rows;
    const { isFollowed } = newest;
    if (found && found.version > Number(newest.version))
      [newest = newest] = (await lookAt(found.version)).rows;
    // What was found may have come back from later states, so a rejected INSERT puts an end to it.
    for (let isFound = found !== undefined; ; isFound = false) {
      const isQuiet = newest.version !== null && !Number(newest.isNews);
      if (isQuiet && !(mayBeTaken && recordable.haveChanged !== false)) return 0;
      const id = newId();
      // A rejected INSERT would keep a lock at the end of the table, where all sessions insert. So look first.
      const looks = mayBeTaken && !isFound && newest.version !== null && Number(isFollowed) === 1;
      const next = looks
        ? versionStatement('next if free', recordable, recordNextIfFree)
        : versionStatement('next', recordable, recordNext);
      const { affected } = await this.statements.execute(queryRunner, next, { ...given, ...newest, id });
      if (affected > 0 && isQuiet) await run('remove', removeOne, { id });
      if (affected > 0 || !mayBeTaken) return isQuiet ? 0 : affected;
      const { rows } = await lookAt(Number(newest.version) + 1);
      if (rows.length === 0) return 0;
      newest = rows[0];
    }
  }
}

const NONE: Record<string, unknown> = {
  newest: null,
  version: null,
  created: null,
  isDeleted: null,
  isNews: 1,
};

/** How the rows of a write are recorded after a look at their newest revisions. */
export function versioningOf(recordable: Recordable): Versioning {
  return {
    recording: recordingOf(recordable, 'given'),
    mayBeTaken: recordable.snapshot !== 'fresh',
    startsChangeset: needsChangeset(recordable),
  };
}

/** A statement that depends on the `Versioning` of a write. */
export function versionStatement(
  kind: string,
  recordable: Recordable,
  build: (sql: RevisionSql, versioning: Versioning) => Statement,
): TableStatement {
  const versioning = versioningOf(recordable);
  return {
    plan: recordable.plan,
    kind: `${kind} ${kindOf(versioning.recording)}${versioning.mayBeTaken ? ' old' : ''}`,
    build: (sql) => build(sql, versioning),
  };
}

/** A block that depends on the `Versioning` of a write, and inserts the changeset where it is needed. */
export function blockStatement(
  kind: string,
  recordable: Recordable,
  build: (sql: RevisionSql, versioning: Versioning) => Statement,
): TableStatement {
  return versionStatement(needsChangeset(recordable) ? `${kind} first` : kind, recordable, build);
}

function keyValues(recordable: Recordable, key: Key): Record<string, unknown> {
  return keyParameters(key, recordable.plan.keys.length, valuesOf(recordable));
}
