import { type AuditOperation } from '../../revision/revision-columns.js';

/** A write that is about to be recorded, as `when` sees it. */
export interface AuditedWrite {
  operation: AuditOperation;
  actor: string | null;
  reason: string | null;
  context: Record<string, unknown> | null;
}

/** How one entity is audited. */
export interface AuditedOptions {
  /**
   * The audited name: by it revisions, feeds, sentences, HTTP and the command call the entity. It is not stored, so it can
   * be changed.
   *
   * @default the table's name
   */
  name?: string;

  /**
   * Property paths that are not copied into the revision table: a column, an embedded, a relation.
   * A write that changes only these properties adds no revision.
   *
   * @default []
   * @example exclude: ['loginCount', 'address.geohash', 'guest']
   */
  exclude?: string[];

  /**
   * Property paths that change with every write: a column, an embedded, a relation. They are recorded, but `changes`
   * doesn't list them. An update of nothing else is recorded with `isQuiet`, and timelines and feeds leave it out unless
   * they are asked for it.
   *
   * @default []
   * @example quiet: ['updatedAt', 'version']
   */
  quiet?: string[];

  /**
   * How one entity is called in the sentences of `history.describe()`: the value of a property, or what a function makes
   * of a snapshot. A function that returns null or blank text leaves the entity its key.
   *
   * @default the key
   * @example label: 'name' // → customer Meyer
   * @example label: (order) => `order ${order.number}` // → order 2026-17
   */
  label?: string | ((snapshot: any) => string | null | undefined);

  /**
   * On a base class: the subclasses that are not audited, together with their own subclasses.
   * `@NotAudited()` on a class has the same effect.
   *
   * @default []
   * @example Audited({ except: [Session, JobRecord] })(VendureEntity)
   */
  except?: (abstract new (...args: any[]) => unknown)[];

  /**
   * What the revision of a delete holds beside the key: nulls, or the last recorded state.
   *
   * @default 'null'
   */
  deletedState?: 'null' | 'last';

  /**
   * The revision table's name, before `entityPrefix`.
   *
   * @default the audited table's name and '_rev'
   */
  tableName?: string;

  /**
   * 'copy' gives the revision table the audited table's foreign-key and ordinary indexes, never as unique ones. They
   * make filtered reads of the past fast and each write slower.
   *
   * @default 'none'
   */
  indexes?: 'none' | 'copy';

  /**
   * Whether a write is recorded. The function is called once for each write statement and operation, with the actor and
   * the reason. After a write that it declines, the newest revision lags behind the row until the next write that it
   * accepts.
   *
   * @default every write is recorded
   * @example when: (write) => write.actor !== 'nightly-import'
   */
  when?: (write: AuditedWrite) => boolean;

  /**
   * Whether a write without an actor is refused.
   *
   * @default `requireActor` of the module
   * @example requireActor: false // a table that anonymous visitors write, in an application that requires actors
   */
  requireActor?: boolean;

  /**
   * Whether a write without a reason is refused.
   *
   * @default `requireReason` of the module
   * @example requireReason: true // a table of bookings, in which nobody changes a row without saying why
   */
  requireReason?: boolean;

  /**
   * Columns that got another name: the old column's name, and the property that it belongs to now. The next generated
   * migration renames the column in both tables. TypeORM takes a rename for a drop and an add if more than the name of
   * one column has changed, and always on MariaDB; then the column's values are gone from the audited table.
   *
   * @default renames that TypeORM sees
   * @example renamed: { fullName: 'name' }
   */
  renamed?: Record<string, string>;

  /**
   * Columns of removed properties whose history is dropped too. The next generated migration drops the column from the
   * revision table, with all that was ever recorded in it, and adds a row to `audit_maintenance`.
   *
   * @default the revision table keeps the columns of removed properties
   * @example dropped: { taxNumber: 'drop' }
   */
  dropped?: Record<string, 'drop'>;

  /**
   * What a write does with rows that were there before they were audited. 'first-write' records such a row as it was, as
   * a `baseline`, before the first write changes or deletes it. Writes look for such rows until a backfill of the table
   * has ended. With 'none' what the row was before is lost, unless a backfill comes before the write.
   *
   * @default 'first-write'
   */
  baseline?: 'first-write' | 'none';
}
