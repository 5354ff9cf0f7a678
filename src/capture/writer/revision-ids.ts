import { type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type KeyReader } from '../rows/key-reader.js';
import { boundChunks } from '../../dialect/keys/key-text.js';
import { type Recordable } from './table-write.js';
import { type RevisionSql } from './revision-sql.js';
import { selectRevisionIds, updateAllRevisionIds, updateRevisionIds } from './revision-statements.js';
import { type TableStatements } from './table-statements.js';

/** Maintains `@RevisionId()` columns. */
export class RevisionIds {
  constructor(
    private readonly statements: TableStatements,
    private readonly keyReader: KeyReader,
  ) {}

  /** Sets the columns to the newest `rev_id` of their rows. */
  async update(queryRunner: QueryRunner, { plan, keys }: Recordable): Promise<void> {
    if (keys === 'all') {
      await this.statements.execute(
        queryRunner,
        { plan, kind: 'update all ids', build: updateAllRevisionIds },
        {},
      );
      return;
    }
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = {
      plan,
      kind: 'update ids',
      build: (sql: RevisionSql) => updateRevisionIds(sql, table),
    };
    for (const bound of boundChunks(table, keys))
      await this.statements.execute(queryRunner, statement, bound);
  }

  /** The values of the columns, in the order of the keys. */
  async read(queryRunner: QueryRunner, plan: AuditPlan, keys: readonly Key[]): Promise<(string | null)[]> {
    const table = await this.keyReader.table(queryRunner, plan.metadata);
    const statement = { plan, kind: 'ids', build: (sql: RevisionSql) => selectRevisionIds(sql, table) };
    const ids: (string | null)[] = [];
    for (const bound of boundChunks(table, keys)) {
      const start = ids.length;
      const { rows } = await this.statements.execute(queryRunner, statement, bound);
      for (const { n, id } of rows) ids[start + Number(n)] = id as string | null;
    }
    return keys.map((_, n) => ids[n] ?? null);
  }
}
