import { type QueryRunner } from 'typeorm';
import { type Keys } from '../../dialect/keys/key.js';
import { boundChunks, keyParameters, soleKey } from '../../dialect/keys/key-text.js';
import { type KeyReader } from '../rows/key-reader.js';
import { type RowsToChange } from '../write/write.js';
import { type TableStatements } from '../writer/table-statements.js';
import { HAS_NONE, lookForNone } from './baseline-statements.js';

/** Finds the rows that have no history, on databases where an INSERT that looks for it takes gap locks. */
export class RowsWithoutHistory {
  constructor(
    private readonly statements: TableStatements,
    private readonly keyReader: KeyReader,
  ) {}

  /** The keys of the rows without a history. Locks all of the rows, in the order of the keys. */
  async keysOf(
    queryRunner: QueryRunner,
    { plan, keys }: RowsToChange & { readonly keys: Keys },
  ): Promise<Keys> {
    const { metadata } = plan;
    const names = this.keyReader.expressions(metadata, 't');
    const key = soleKey(keys);
    const table = key ? undefined : await this.keyReader.table(queryRunner, metadata);
    const statement = {
      plan,
      kind: `look for none${key ? '' : ' many'}`,
      build: (sql: Parameters<typeof lookForNone>[0]) => lookForNone(sql, table, names),
    };
    const chunks = key ? [keyParameters(key, plan.keys.length)] : boundChunks(table!, keys);
    const found: Record<string, unknown>[] = [];
    for (const bound of chunks) {
      const { rows } = await this.statements.execute(queryRunner, statement, bound);
      for (const row of rows) if (Number(row[HAS_NONE]) === 1) found.push(row);
    }
    return this.keyReader.keysIn(metadata, found);
  }
}
