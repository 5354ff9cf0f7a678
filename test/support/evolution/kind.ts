import { type ColumnOptions } from 'typeorm';
import { type DatabaseName } from '../servers/databases.js';
import { type Version } from './version.js';

/** One kind of migration: an entity before and after it. */
export interface Kind {
  readonly title: string;
  readonly before: Version;
  readonly after: Version;
  /** A version in between that has no `@Audited()`, with a migration to it and one from it. */
  readonly unaudited?: Version;
  /** The values of the first row, beside `id` and `title`, and what they are changed to. */
  readonly rows: readonly [Record<string, unknown>, Record<string, unknown>];
  /** The columns that TypeORM's own statements empty or convert, so that `verify()` reports their rows. */
  readonly emptied?: Partial<Record<DatabaseName, readonly string[]>>;
  /** The expressions that convert a column where a migration was mended by hand, by column; by default a cast. */
  readonly using?: Readonly<Record<string, string>>;
  /** Why no mended migration can keep the values. */
  readonly unmendable?: string;
  /** Whether a join column is dropped, which comes back empty. */
  readonly dropsRelation?: true;
  /** Why the migration can't be reverted. */
  readonly oneWay?: string;
  /** Leaves a database out, with the reason. */
  readonly not?: Partial<Record<DatabaseName, string>>;
}

export const SERVERS = (columns: readonly string[]): Kind['emptied'] => ({
  postgres: columns,
  mariadb: columns,
  mysql: columns,
});

export const text = (length: number): ColumnOptions => ({ type: 'varchar', length, nullable: true });
export const int: ColumnOptions = { type: 'int', nullable: true };

/** A kind that changes one column. */
export function change(
  title: string,
  before: ColumnOptions,
  after: ColumnOptions,
  values: readonly [unknown, unknown],
  more: Partial<Kind> = {},
): Kind {
  return {
    title,
    before: { columns: { c: before } },
    after: { columns: { c: after } },
    rows: [{ c: values[0] }, { c: values[1] }],
    ...more,
  };
}

/** A kind that adds a column. */
export function added(title: string, column: ColumnOptions, more: Partial<Kind> = {}): Kind {
  return { title, before: { columns: {} }, after: { columns: { c: column } }, rows: [{}, {}], ...more };
}
