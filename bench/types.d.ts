import { type DataSource, type DataSourceOptions, type EntityTarget, type MixedList } from 'typeorm';

export type DatabaseName = 'sqlite' | 'sqlite-memory' | 'postgres' | 'mariadb' | 'mysql';
export type ServerName = 'postgres' | 'mariadb' | 'mysql';
export type DatabaseType = 'better-sqlite3' | ServerName;
/** The options by which TypeORM reaches a database, without those of its driver. */
export type DatabaseOptions = DataSourceOptions & { readonly type: DatabaseType };

/** An entity of a case. Its class is made for a subject, so that its properties are known by name only. */
export type Entity = Record<string, any>;
export type EntityClass = (new () => Entity) & EntityTarget<Entity>;
export type AuditedDecorator = (entity: EntityClass) => unknown;

/** How much time a race has: it ends after `rounds`, or earlier when `ms` have gone by. */
export interface Budget {
  readonly rounds: number;
  readonly ms: number;
  readonly atLeast?: number;
  /** How long the lanes are run before. */
  readonly warmMs?: number;
}

/** What is raced. Only `run()` is timed; it writes or reads so many `entities`. */
export interface Lane {
  readonly entities: number;
  prepare?(): Promise<any>;
  run(prepared: any): Promise<unknown>;
}

/** In µs per entity. */
export interface Summary {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  readonly rounds: number;
}

/** A figure of a subject in a case, or the error that it ended with. */
export interface Result extends Partial<Summary> {
  readonly case: string;
  readonly subject: string;
  readonly error?: unknown;
  /** How many revisions a write made, and should have made. */
  readonly recorded?: number;
  readonly expected?: number;
  /** The median of the processes' peaks. */
  readonly megabytes?: number;
}

/** A result whose write was recorded. */
export type Figure = Result & Summary;

/** What is measured: no library, ours, hand-written SQL, or a peer. */
export interface SubjectPlan {
  readonly name: string;
  readonly on?: readonly DatabaseName[];
  readonly isHandWritten?: boolean;
  readonly isPeer?: boolean;
  prepare(type: DatabaseType): PreparedSubject;
}

export interface PreparedSubject {
  readonly entities: Record<string, EntityClass>;
  readonly options: {
    readonly entities: MixedList<EntityClass>;
    readonly subscribers?: MixedList<new () => object>;
  };
  /** The table of its history. */
  readonly table?: string;
  attach?(dataSource: DataSource): unknown;
  drain?(): Promise<unknown>;
}

/** A subject on a data source and a database of its own. Cases keep what they need beside it. */
export interface Subject {
  readonly name: string;
  readonly isHandWritten: boolean;
  readonly isPeer: boolean;
  readonly options: DatabaseOptions;
  readonly dataSource: DataSource;
  readonly entities: Record<string, EntityClass>;
  readonly history?: string;
  /** Waits for what it writes when nobody waits. */
  drain(): Promise<unknown>;
  close(): Promise<void>;
  [own: string]: any;
}

/** A write that is measured. */
export interface WriteCase {
  readonly name: string;
  /** How many entities one run writes, and how many revisions that makes. */
  readonly entities: number;
  readonly revisions: number;
  readonly on?: readonly DatabaseName[];
  /** It is run more than once in a round: one alone is too short to be measured. */
  readonly batch?: boolean;
  /** It is run on `masked` too, where two columns are. */
  readonly hasMasks?: boolean;
  /** Peers that record something record only what was set: a revision has to be of the whole row. */
  readonly isWhole?: boolean;
  /** The table of its history, if not the subject's. */
  historyOf?(subject: Subject): string;
  /** What has to be there, once. */
  before?(subject: Subject): Promise<unknown>;
  /** What one run needs; not timed. */
  prepare?(subject: Subject): Promise<any>;
  /** The write, by TypeORM. */
  run(subject: Subject, prepared: any): Promise<unknown>;
  /** The same by hand, for `limit`; without it `limit` is left out. */
  sql?(subject: Subject, prepared: any): Promise<unknown>;
}

/** What came of a database: its figures, what the subjects failed to record, and the bytes of a row. */
export interface Outcome {
  readonly db: DatabaseName;
  readonly results: Result[];
  verified: { readonly subject: string; readonly problems: readonly string[] }[];
  bytes: { readonly subject: string; readonly bytes: number }[];
}

/** What the library is meant to keep to, at most or at least, by database or in `all`. */
export interface Target {
  readonly case: string;
  /** A key of `labels`. */
  readonly of: string;
  /** The other case of `case`. */
  readonly to?: string;
  readonly most?: Bounds;
  readonly least?: Bounds;
}

export type Bounds = Readonly<Partial<Record<DatabaseName | 'all', number>>>;
