import { type QueryRunner } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { type Keys } from '../../dialect/keys/key.js';
import { boundChunks, keyParameters, soleKey } from '../../dialect/keys/key-text.js';
import { templateOf } from '../../dialect/run/statement.js';
import { newId } from '../../revision/clock.js';
import { type KeyReader } from '../rows/key-reader.js';
import { type Unit } from '../unit/unit.js';
import { type RowsSelect, type RowsToChange } from '../write/write.js';
import { RevisionInserts, uuidSeries } from '../writer/insert-revisions.js';
import { type TableStatement, type TableStatements } from '../writer/table-statements.js';
import { type Recordable, valuesOf } from '../writer/table-write.js';
import { recordFirstOfMany, recordFirstOfOne, recordFirstOfSelected } from './baseline-statements.js';
import { NewestBeforeWrite } from './newest-before-write.js';

/**
 * Inserts the first revisions of rows that have no history, by one INSERT … SELECT that looks for the history itself.
 * Where that would take gap locks on the revisions, a plain read looks first.
 */
export class BaselineInserts {
  private readonly inserts: RevisionInserts;
  private readonly newest: NewestBeforeWrite;

  constructor(
    private readonly statements: TableStatements,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
  ) {
    this.inserts = new RevisionInserts(statements, keyReader, dialect);
    this.newest = new NewestBeforeWrite(statements, dialect, keyReader);
  }

  /**
   * @param areAll whether the unit's transaction reads and changes no other rows
   * @returns the number of revisions
   */
  async insert(unit: Unit, recordable: Recordable, rows: RowsToChange, areAll: boolean): Promise<number> {
    const { keys } = rows;
    if ('text' in keys) return this.insertSelected(unit.queryRunner, recordable, keys);
    if (this.dialect.locks.locksGaps) return this.lookAndInsert(unit, recordable, { ...rows, keys }, areAll);
    return soleKey(keys)
      ? this.insertOne(unit.queryRunner, recordable, rows, keys)
      : this.insertMany(unit.queryRunner, recordable, rows, keys);
  }

  private async lookAndInsert(
    unit: Unit,
    recordable: Recordable,
    rows: RowsToChange & { readonly keys: Keys },
    areAll: boolean,
  ): Promise<number> {
    const { queryRunner } = unit;
    await this.dialect.sessions.recognise?.(queryRunner);
    const { found, isExact } = await this.newest.look(unit, rows);
    // Rows of other tables are locked after this read.
    if (!areAll || !isExact) unit.noteRead();
    const keys = found.filter(({ version }) => version === 0).map(({ key }) => key);
    const written =
      keys.length > 0 ? await this.inserts.insert(queryRunner, recordable, keys, 'none', true) : 0;
    const isFirst = written === keys.length;
    for (const { key, version, isHidden } of found)
      if (version > 0) unit.newest.note(rows.plan, key, { version, isHidden });
      else if (isFirst) unit.newest.note(rows.plan, key, { version: 1, isHidden: false });
    return written;
  }

  private async insertOne(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { plan, isDeleted }: RowsToChange,
    keys: Keys,
  ): Promise<number> {
    const statement: TableStatement = {
      plan,
      kind: isDeleted ? 'first deleted' : 'first',
      build: (sql) => recordFirstOfOne(sql, isDeleted),
    };
    const values = { ...valuesOf(recordable), id: newId() };
    const bound = keyParameters(soleKey(keys)!, plan.keys.length, values);
    return (await this.statements.execute(queryRunner, statement, bound)).affected;
  }

  private async insertMany(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { plan, isDeleted }: RowsToChange,
    keys: Keys,
  ): Promise<number> {
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement: TableStatement = {
      plan,
      kind: isDeleted ? 'first deleted many' : 'first many',
      build: (sql) => recordFirstOfMany(sql, table, isDeleted),
    };
    let written = 0;
    for (const bound of boundChunks(table, keys)) {
      const values = { ...valuesOf(recordable), ...bound, ...uuidSeries() };
      written += (await this.statements.execute(queryRunner, statement, values)).affected;
    }
    return written;
  }

  private async insertSelected(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { text, values }: RowsSelect,
  ): Promise<number> {
    const given = templateOf(this.dialect, text, values);
    const { affected } = await this.statements.executeOnce(
      queryRunner,
      { plan: recordable.plan, build: (sql) => recordFirstOfSelected(sql, given.template) },
      { ...valuesOf(recordable), ...given.values, ...uuidSeries() },
    );
    return affected;
  }
}
