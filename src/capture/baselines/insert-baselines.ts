import { type QueryRunner } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { type Keys } from '../../dialect/keys/key.js';
import { boundChunks, keyParameters, soleKey } from '../../dialect/keys/key-text.js';
import { templateOf } from '../../dialect/run/statement.js';
import { newId } from '../../revision/clock.js';
import { type KeyReader } from '../rows/key-reader.js';
import { type Unit } from '../unit/unit.js';
import { type RowsSelect, type RowsToChange } from '../write/write.js';
import { RevisionInserts, uuidSeries, valuesOf } from '../writer/insert-revisions.js';
import { type TableStatement, type TableStatements } from '../writer/table-statements.js';
import { type Recordable } from '../writer/table-write.js';
import { recordFirstOfMany, recordFirstOfOne, recordFirstOfSelected } from './baseline-statements.js';
import { RowsWithoutHistory } from './rows-without-history.js';

/**
 * Inserts the first revisions of rows that have no history, by one INSERT … SELECT that looks for the history itself.
 * Where that would take gap locks on the revisions, a plain read looks first.
 */
export class BaselineInserts {
  private readonly inserts: RevisionInserts;
  private readonly without: RowsWithoutHistory;

  constructor(
    private readonly statements: TableStatements,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
  ) {
    this.inserts = new RevisionInserts(statements, keyReader);
    this.without = new RowsWithoutHistory(statements, keyReader);
  }

  async insert(unit: Unit, recordable: Recordable, rows: RowsToChange): Promise<void> {
    const { keys } = rows;
    if ('text' in keys) await this.insertSelected(unit.queryRunner, recordable, keys);
    else if (this.dialect.locks.locksGaps) await this.lookAndInsert(unit, recordable, { ...rows, keys });
    else if (soleKey(keys)) await this.insertOne(unit.queryRunner, recordable, rows, keys);
    else await this.insertMany(unit.queryRunner, recordable, rows, keys);
  }

  private async lookAndInsert(
    unit: Unit,
    recordable: Recordable,
    rows: RowsToChange & { readonly keys: Keys },
  ): Promise<void> {
    const { queryRunner } = unit;
    await this.dialect.sessions.recognise?.(queryRunner);
    const keys = await this.without.keysOf(queryRunner, rows);
    unit.noteRead();
    if (keys.length > 0) await this.inserts.insert(queryRunner, recordable, keys, 'none', true);
  }

  private async insertOne(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { plan, isDeleted }: RowsToChange,
    keys: Keys,
  ): Promise<void> {
    const statement: TableStatement = {
      plan,
      kind: isDeleted ? 'first deleted' : 'first',
      build: (sql) => recordFirstOfOne(sql, isDeleted),
    };
    const values = { ...valuesOf(recordable), id: newId() };
    await this.statements.execute(
      queryRunner,
      statement,
      keyParameters(soleKey(keys)!, plan.keys.length, values),
    );
  }

  private async insertMany(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { plan, isDeleted }: RowsToChange,
    keys: Keys,
  ): Promise<void> {
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement: TableStatement = {
      plan,
      kind: isDeleted ? 'first deleted many' : 'first many',
      build: (sql) => recordFirstOfMany(sql, table, isDeleted),
    };
    for (const bound of boundChunks(table, keys)) {
      const values = { ...valuesOf(recordable), ...bound, ...uuidSeries() };
      await this.statements.execute(queryRunner, statement, values);
    }
  }

  private async insertSelected(
    queryRunner: QueryRunner,
    recordable: Recordable,
    { text, values }: RowsSelect,
  ): Promise<void> {
    const given = templateOf(this.dialect, text, values);
    await this.statements.executeOnce(
      queryRunner,
      { plan: recordable.plan, build: (sql) => recordFirstOfSelected(sql, given.template) },
      { ...valuesOf(recordable), ...given.values, ...uuidSeries() },
    );
  }
}
