import { type QueryRunner } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { boundChunks, keyParameters, soleKey } from '../../dialect/keys/key-text.js';
import { type KeyReader } from '../rows/key-reader.js';
import { type Unit } from '../unit/unit.js';
import { type FoundRevision } from '../write/found-newest.js';
import { type RowsToChange } from '../write/write.js';
import { kindOf } from '../writer/insert-revisions.js';
import { type Recording } from '../writer/revision-sql.js';
import { type TableStatement, type TableStatements } from '../writer/table-statements.js';
import { lookAtVersion } from '../writer/version-statements.js';
import { HAS_CHANGED, lookAtNewest, NEWEST_VERSION } from './baseline-statements.js';

const AS_IT_IS: Recording = { rows: 'live', newest: 'given', upsert: false };

/** A locked row's newest revision; `version` is 0 if the row has no history. */
interface FoundRow extends FoundRevision {
  readonly key: Key;
}

/**
 * Looks at the newest revisions of rows that are about to be written, on databases where an INSERT that looks itself
 * takes gap locks. It locks the rows, in the order of the keys.
 *
 * An old snapshot may hide the newest revision of a row that others have changed since. Nobody may ask for a revision
 * that isn't there, which would lock its gap, nor insert one that is, which would lock the end of the table. But each
 * revision is read with a lock as long as it doesn't show the row as it is: then the next one has to be there.
 */
export class NewestBeforeWrite {
  constructor(
    private readonly statements: TableStatements,
    private readonly dialect: Dialect,
    private readonly keyReader: KeyReader,
  ) {}

  /** @returns the rows that exist, and whether all were locked before a snapshot was taken */
  async look(
    unit: Unit,
    { plan, keys }: RowsToChange & { readonly keys: Keys },
  ): Promise<{ readonly found: FoundRow[]; readonly isExact: boolean }> {
    const { queryRunner } = unit;
    const { metadata } = plan;
    const names = this.keyReader.expressions(metadata, 't');
    const key = soleKey(keys);
    const table = key ? undefined : await this.keyReader.table(queryRunner, metadata);
    // The catalogue may have been read for the key table.
    const { snapshot } = unit;
    const statement: TableStatement = {
      plan,
      kind: `newest before ${snapshot}${key ? '' : ' many'}`,
      build: (sql) => lookAtNewest(sql, table, names, snapshot),
    };
    const chunks = key ? [keyParameters(key, plan.keys.length)] : [...boundChunks(table!, keys)];
    const rows: Record<string, unknown>[] = [];
    for (const bound of chunks)
      rows.push(...(await this.statements.execute(queryRunner, statement, bound)).rows);
    const keysFound = this.keyReader.keysIn(metadata, rows);
    const found: FoundRow[] = [];
    for (const [n, row] of rows.entries()) {
      const shown = Number(row[NEWEST_VERSION]);
      const hasChanged = Number(row[HAS_CHANGED]) === 1;
      const version = hasChanged ? await this.seek(queryRunner, plan, keysFound[n], shown) : shown;
      found.push({ key: keysFound[n], version, isHidden: version > shown });
    }
    return { found, isExact: snapshot === 'fresh' && chunks.length === 1 };
  }

  /**
   * The first version after `shown` that shows the row as it is; else the last one that is there. Where a block goes
   * through further versions by itself, one that is there will do.
   */
  private async seek(
    queryRunner: QueryRunner,
    plan: RowsToChange['plan'],
    key: Key,
    shown: number,
  ): Promise<number> {
    const statement: TableStatement = {
      plan,
      kind: `look at ${kindOf(AS_IT_IS)}`,
      build: (sql) => lookAtVersion(sql, AS_IT_IS),
    };
    const { blocks } = this.dialect.sql;
    if (blocks && shown > 0) return shown;
    let newest = shown;
    // A hidden first revision shows the row as the snapshot does. On MariaDB its lock would be one on the gap before it.
    for (let version = Math.max(shown + 1, 2); ; version++) {
      const given = keyParameters(key, plan.keys.length, { version });
      const [row] = (await this.statements.execute(queryRunner, statement, given)).rows;
      if (row) newest = version;
      if (!row || blocks || !Number(row.isNews)) return newest;
    }
  }
}
