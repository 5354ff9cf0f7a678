import { type Catalogue } from './catalogue/catalogue.js';
import { type Keys } from './keys/keys.js';
import { type Load } from './load/load.js';
import { type Locks } from './locks/locks.js';
import { type Masks } from './masks/masks.js';
import { type Run } from './run/run.js';
import { type Schema } from './schema/schema.js';
import { type Sessions } from './sessions/sessions.js';
import { type Sql } from './sql/sql.js';
import { type Types } from './types/types.js';

/**
 * The differences between databases, in groups. Each group is a folder with its interface and a file for each database.
 *
 * Expressions are SQL text; `{{name}}` in them stands for a parameter (see `Statement`).
 */
export interface Dialect {
  /** The database's tables, columns and types. */
  readonly catalogue: Catalogue;
  /** The statements that change this library's tables. */
  readonly schema: Schema;
  /** The types of revision tables, casts and comparisons. */
  readonly types: Types;
  /** The copies of masked columns. */
  readonly masks: Masks;
  /** How keys are read, sent and returned. */
  readonly keys: Keys;
  /** Row locks and conflicts. */
  readonly locks: Locks;
  /** The size of tables, and what a long run costs others. */
  readonly load: Load;
  /** Connections and transactions. */
  readonly sessions: Sessions;
  /** Clauses: joins, updates, the newest revision. */
  readonly sql: Sql;
  /** Runs statements. */
  readonly run: Run;
}
