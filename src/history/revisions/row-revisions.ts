import { inspect } from 'node:util';
import { type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { isDataException } from '../../dialect/run/driver-error.js';
import { keyLabel } from '../arguments/key-of.js';
import { endOf, validDate } from '../arguments/moment.js';
import { assertVersion } from '../arguments/version.js';
import { type Change } from '../types/change.js';
import { type Revision } from '../types/revision.js';
import { type EntityMoment } from '../types/moment.js';
import { changesBetween } from '../reader/changes.js';
import { type RevisionReader } from '../reader/revision-reader.js';
import { type ClassFilter } from './class-filter.js';
import { type Reading, readRows } from './reading.js';
import { keyNames, type RevisionFilter } from './revision-select.js';
import { type RevisionTable } from './revision-tables.js';

/** The first kept and the newest version of a row. */
export interface Versions {
  readonly first: number;
  readonly newest: number;
}

/** The revisions of one audited row. */
export class RowRevisions<E extends ObjectLiteral> {
  readonly table: RevisionTable<E>;
  readonly reader: RevisionReader<E>;
  private readonly keyValues: Readonly<Record<string, unknown>>;

  constructor(
    private readonly reading: Reading,
    readonly plan: AuditPlan,
    /** Driver values. */
    readonly key: readonly unknown[],
    /** Only the revisions of these child classes of a single-table inheritance. */
    readonly ofClass?: ClassFilter,
  ) {
    this.table = reading.tables.of<E>(plan);
    this.reader = this.table.reader();
    this.keyValues = Object.fromEntries(key.map((value, n) => [`key${n}`, value]));
  }

  /** The row's name in messages and cursors: `Reservation 1`. */
  get name(): string {
    return `${this.ofClass?.name ?? this.plan.metadata.name} ${keyLabel(this.key)}`;
  }

  /** @throws InvalidArgumentError naming 'version' */
  async ofVersion(version: number): Promise<Revision<E> | undefined> {
    assertVersion('version', version);
    return (await this.read(isVersion(version))).at(0);
  }

  async newest(): Promise<Revision<E> | undefined> {
    return (await this.read({ order: 'DESC', limit: 1 })).at(0);
  }

  /** The newest revision at a moment, or the revision of a version. @throws InvalidArgumentError naming 'at' */
  async asOf(at: EntityMoment): Promise<Revision<E> | undefined> {
    return (await this.read(this.filterAsOf(at))).at(0);
  }

  /** The entity at a moment or version; null if it did not exist. @throws InvalidArgumentError naming 'at' */
  async entityAsOf(at: EntityMoment): Promise<E | null> {
    const [row] = await this.rows(this.filterAsOf(at));
    return row ? this.reader.entity(row) : null;
  }

  /** The differences between two versions. @throws InvalidArgumentError naming 'from' or 'to' */
  async diff(from: number, to: number): Promise<Change[]> {
    assertVersion('from', from);
    assertVersion('to', to);
    const rows = await this.rows({ where: ['r.rev_version IN ({{from}}, {{to}})'], values: { from, to } });
    const [before, after] = Object.entries({ from, to }).map(([argument, version]) => {
      const row = rows.find((candidate) => this.reader.version(candidate) === version);
      if (!row)
        throw new InvalidArgumentError(argument, `must be a version of ${this.name}, got ${version}.`);
      return this.reader.state(row);
    });
    return changesBetween(before, after, this.reader.properties);
  }

  /** The first kept and the newest version, of any class; undefined without a history. */
  async versions(): Promise<Versions | undefined> {
    const [row] = await readRows(this.reading, this.table.selectVersions(), this.keyValues);
    return versionsIn(row);
  }

  /** Reads revisions with their predecessors, so with their changes. */
  async read(filter: RevisionFilter): Promise<Revision<E>[]> {
    return (await this.select(filter, true)).map((row) => this.reader.revision(row));
  }

  /** Reads without predecessors: result rows for the reader. */
  rows(filter: RevisionFilter): Promise<Record<string, unknown>[]> {
    return this.select(filter, false);
  }

  private filterAsOf(at: EntityMoment): RevisionFilter {
    if (at instanceof Date) return this.newestBefore(endOf(validDate('at', at)));
    const version = typeof at === 'object' ? (at as Pick<Revision, 'version'> | null)?.version : at;
    if (typeof version !== 'number')
      throw new InvalidArgumentError('at', `must be a Date, a version or a revision, got ${inspect(at)}.`);
    assertVersion('at', version);
    return isVersion(version);
  }

  private newestBefore(end: number): RevisionFilter {
    const isPast = (alias: string): string => `${alias}.rev_created < {{end}}`;
    const { dataSource, plan } = this.table;
    const table = tableName(dataSource, plan.revision);
    const keys = keyNames(dataSource, plan);
    // Without this condition a class filter would find an older revision, from before the row changed its class.
    const isNewest = this.ofClass ? [dialectOf(dataSource).sql.isNewest({ table, keys, isPast })] : [];
    return { where: [isPast('r'), ...isNewest], values: { end }, order: 'DESC', limit: 1 };
  }

  private async select(given: RevisionFilter, predecessor: boolean): Promise<ObjectLiteral[]> {
    const filter = this.withClass(given);
    const statement = this.table.select(filter, predecessor);
    try {
      return await readRows(this.reading, statement, {
        ...this.keyValues,
        ...filter.values,
        limit: filter.limit,
      });
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** A filter that keeps to the row's classes too. */
  withClass(filter: RevisionFilter): RevisionFilter {
    const { ofClass } = this;
    if (!ofClass) return filter;
    return {
      ...filter,
      where: [...(filter.where ?? []), ofClass.condition('r')],
      values: { ...filter.values, ...ofClass.values },
    };
  }

  /** The error of a statement with the key; InvalidArgumentError 'id' if the key's type has no such value. */
  explain(cause: unknown): unknown {
    // 'x' for a uuid, 2 ** 40 for an int.
    if (!isDataException(cause)) return cause;
    const { name } = this.plan.metadata;
    const refusal = new InvalidArgumentError(
      'id',
      `must be an id that ${name} can have, got "${keyLabel(this.key)}".`,
    );
    return Object.assign(refusal, { cause });
  }
}

/** What `selectVersions()` has found; undefined if the row has no history. */
export function versionsIn({ first, last }: ObjectLiteral): Versions | undefined {
  return last === null ? undefined : { first: Number(first), newest: Number(last) };
}

function isVersion(version: number): RevisionFilter {
  return { where: ['r.rev_version = {{version}}'], values: { version } };
}
