import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { tableName } from '../dialect/catalogue/table-name.js';
import { type Dialect } from '../dialect/dialect.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { readTemplate } from '../dialect/run/statement.js';
import { newId, now } from '../revision/clock.js';
import { insertOwn } from '../revision/insert-own.js';
import { type MaintenanceAction } from '../revision/maintenance-record.js';
import { type OwnTables } from '../revision/own-tables.js';
import { numberOfTable } from '../revision/shape.js';

/** The rows about audited tables in the library's tables beside the revision tables. */
export class OwnRows {
  private readonly dialect: Dialect;

  private constructor(
    private readonly queryRunner: QueryRunner,
    private readonly dataSource: DataSource,
    /** The tables that are there: an early migration may run before a later one makes the others. */
    private readonly there: Partial<OwnTables>,
  ) {
    this.dialect = dialectOf(dataSource);
  }

  static async of(queryRunner: QueryRunner, dataSource: DataSource, own: OwnTables): Promise<OwnRows> {
    const tables = Object.entries(own) as [keyof OwnTables, EntityMetadata][];
    const found = await dialectOf(dataSource).catalogue.read(
      queryRunner,
      tables.map(([, { tablePath }]) => tablePath),
    );
    const there = tables.filter((_, at) => found[at].length > 0);
    return new OwnRows(queryRunner, dataSource, Object.fromEntries(there));
  }

  /** The paths of the tables that have shapes. */
  async paths(): Promise<string[]> {
    const { shape } = this.there;
    if (!shape) return [];
    const rows = await this.run<{ name: string }>(
      `SELECT DISTINCT s.name AS name FROM ${this.nameOf(shape)} s`,
    );
    return rows.map(({ name }) => name);
  }

  async hasChangesets(path: string): Promise<boolean> {
    const { changeset } = this.there;
    if (!changeset) return false;
    const found = await this.run(
      `SELECT 1 AS found FROM ${this.nameOf(changeset)} c WHERE c.entity = ${this.number('number')} ` +
        this.dialect.sql.limit(1),
      { number: numberOfTable(path) },
    );
    return found.length > 0;
  }

  /** Gives all rows of a table to another path, and records that. */
  async rename(from: string, to: string): Promise<void> {
    const { changeset, shape, event, maintenance } = this.there;
    const values = { from, to, old: numberOfTable(from), new: numberOfTable(to) };
    const numbers = `entity = ${this.number('new')}`;
    const ofOld = `WHERE entity = ${this.number('old')}`;
    if (changeset) await this.run(`UPDATE ${this.nameOf(changeset)} SET ${numbers} ${ofOld}`, values);
    if (shape) {
      await this.removeDoubles(shape, values);
      await this.run(
        `UPDATE ${this.nameOf(shape)} SET ${numbers}, name = ${this.text('to')} ${ofOld}`,
        values,
      );
    }
    for (const table of [event, maintenance])
      if (table)
        await this.run(
          `UPDATE ${this.nameOf(table)} SET entity = ${this.text('to')} WHERE entity = ${this.text('from')}`,
          values,
        );
    if (!maintenance) return;
    const record = {
      id: newId(),
      created: now(),
      action: 'rename' satisfies MaintenanceAction,
      entity: to,
      details: JSON.stringify({ from }),
    };
    const insert = insertOwn(this.dataSource, maintenance, [record]);
    await this.run(insert.template, insert.values);
  }

  // An instance that knows the new name may have been started before, and have inserted its shape.
  private async removeDoubles(shape: EntityMetadata, values: Record<string, unknown>): Promise<void> {
    const table = this.nameOf(shape);
    const known = await this.run<{ shape: number }>(
      `SELECT s.shape AS shape FROM ${table} s WHERE s.entity = ${this.number('old')}`,
      values,
    );
    for (const { shape } of known)
      await this.run(
        `DELETE FROM ${table} WHERE entity = ${this.number('new')} AND shape = ${this.number('shape')}`,
        { ...values, shape },
      );
  }

  private nameOf(table: EntityMetadata): string {
    return tableName(this.dataSource, table);
  }

  private number(name: string): string {
    return this.dialect.types.value(`{{${name}}}`, 'integer');
  }

  private text(name: string): string {
    return this.dialect.types.value(`{{${name}}}`, 'text');
  }

  private run<T>(template: string, values: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    return readTemplate<T>(this.queryRunner, this.dialect, template, values);
  }
}
