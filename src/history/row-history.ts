import { type DataSource, type ObjectLiteral, QueryFailedError } from 'typeorm';
import { InvalidArgumentError } from '../audit.errors.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { changesBetween } from './changes.js';
import { encodeCursor } from './cursor.js';
import { keyOf, keyText } from './key-of.js';
import { endOf } from './moment.js';
import { type Change, type EntityId, type Page, type Revision, type TimelineOptions } from './revision.js';
import { RevisionReader } from './revision-reader.js';
import { addPredecessor, changedCondition, type RevisionQuery, selectRevisions } from './revision-select.js';
import { timelineRequest, type TimelineRequest, validDate } from './timeline-request.js';

// What an integer column holds.
const MAX_VERSION = 2 ** 31 - 1;

/** The history of one row. */
export class RowHistory<E extends ObjectLiteral> {
  private readonly key: readonly unknown[];
  private readonly reader: RevisionReader<E>;

  /** @throws InvalidArgumentError when the id is none of the entity */
  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
    id: EntityId,
  ) {
    this.key = keyOf(dataSource, plan, id);
    this.reader = new RevisionReader(dataSource, plan);
  }

  async timeline(options: TimelineOptions): Promise<Page<Revision<E>>> {
    const request = timelineRequest(this.plan, `${this.plan.name} ${keyText(this.key)}`, options);
    const found: Revision<E>[] = [];
    let after = request.after;
    let read: Revision<E>[];
    do {
      // One more than the page has, to know whether another follows.
      read = await this.timelinePart(request, after, request.limit + 1);
      found.push(...read.filter((revision) => isMeant(revision, request)));
      after = read.at(-1)?.version;
    } while (read.length > request.limit && found.length <= request.limit);
    const items = found.slice(0, request.limit);
    const hasMore = found.length > request.limit;
    return { items, nextCursor: hasMore ? encodeCursor(request.list, items.at(-1)!.version) : null };
  }

  async revision(version: number): Promise<Revision<E> | null> {
    assertVersion('version', version);
    const query = this.select().andWhere('r.revVersion = :version', { version });
    return (await this.read(query))[0] ?? null;
  }

  async latest(): Promise<Revision<E> | null> {
    const query = this.select().orderBy('r.revVersion', 'DESC').limit(1);
    return (await this.read(query))[0] ?? null;
  }

  async diff(from: number, to: number): Promise<Change[]> {
    assertVersion('from', from);
    assertVersion('to', to);
    const rows = await this.rows(
      this.select().andWhere('r.revVersion IN (:...versions)', { versions: [from, to] }),
    );
    const stateOf = (argument: string, version: number) => {
      const row = rows.find((candidate) => this.reader.version(candidate) === version);
      if (row) return this.reader.state(row);
      throw new InvalidArgumentError(
        argument,
        `${this.plan.metadata.name} ${keyText(this.key)} has no version ${version}.`,
      );
    };
    return changesBetween(stateOf('from', from), stateOf('to', to), this.reader.properties);
  }

  async asOf(at: Date | number | Pick<Revision, 'version'>): Promise<E | null> {
    const [row] = await this.rows(this.selectAsOf(at));
    return row ? this.reader.entity(row) : null;
  }

  private selectAsOf(at: Date | number | Pick<Revision, 'version'>): RevisionQuery {
    if (at instanceof Date)
      return this.select()
        .andWhere('r.revCreated < :end', { end: endOf(validDate('at', at)) })
        .orderBy('r.revVersion', 'DESC')
        .limit(1);
    const version = typeof at === 'object' && at !== null ? at.version : at;
    assertVersion('at', version);
    return this.select().andWhere('r.revVersion = :version', { version });
  }

  private timelinePart(
    request: TimelineRequest,
    after: number | undefined,
    limit: number,
  ): Promise<Revision<E>[]> {
    const { descending, since, until, actor, changed } = request;
    const query = this.select();
    if (after !== undefined) query.andWhere(`r.revVersion ${descending ? '<' : '>'} :after`, { after });
    if (since !== undefined) query.andWhere('r.revCreated >= :since', { since });
    if (until !== undefined) query.andWhere('r.revCreated < :until', { until });
    if (actor !== undefined) query.andWhere('r.revActor = :actor', { actor });
    if (changed) query.andWhere(changedCondition(this.dataSource, changed));
    return this.read(query.orderBy('r.revVersion', descending ? 'DESC' : 'ASC').limit(limit));
  }

  private select(): RevisionQuery {
    return selectRevisions(this.dataSource, this.plan, this.key);
  }

  private async read(query: RevisionQuery): Promise<Revision<E>[]> {
    const rows = await this.rows(addPredecessor(query, this.dataSource, this.plan));
    return rows.map((row) => this.reader.revision(row));
  }

  private async rows(query: RevisionQuery): Promise<Record<string, unknown>[]> {
    try {
      return await query.getRawMany();
    } catch (error) {
      if (!isDataException(error)) throw error;
      // The database has refused to read the id as a value of the key's type: 'x' as a uuid, 2 ** 40 as an int.
      const refused = new InvalidArgumentError(
        'id',
        `${keyText(this.key)} is no id of ${this.plan.metadata.name}.`,
      );
      throw Object.assign(refused, { cause: error });
    }
  }
}

// SQL compares an actor by the collation and a property by its bytes; what is shown of them has the last word.
function isMeant({ actor, changes }: Revision, request: TimelineRequest): boolean {
  if (request.actor !== undefined && actor !== request.actor) return false;
  const names = request.changed?.map(({ propertyPath }) => propertyPath);
  return !names || changes.some(({ property }) => names.includes(property));
}

/** @throws InvalidArgumentError */
function assertVersion(argument: string, version: unknown): asserts version is number {
  if (typeof version === 'number' && Number.isInteger(version) && version >= 1 && version <= MAX_VERSION)
    return;
  throw new InvalidArgumentError(
    argument,
    `${String(version)} is no version number: they are 1, 2, 3 and so on.`,
  );
}

// SQLSTATE class 22, of the databases that report one.
function isDataException(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code);
}
