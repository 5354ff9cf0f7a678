import { type DataSource } from 'typeorm';
import { type AttachedAudit } from '../../../src/attach-audit.js';
import { type TestDatabase } from '../servers/databases.js';
import { type Kind } from './kind.js';
import { mend } from './mend.js';
import { idOf, itemOf, type Version } from './version.js';
import { type Migration, VersionDatabase } from './version-database.js';

/** How a migration goes: as TypeORM generates it, or with the lines mended by hand that empty a column. */
export type Variant = 'as generated' | 'mended';

/** What is checked of a version after a migration. Each check answers in words, or with nothing. */
export type Check =
  'values' | 'verify' | 'quiet' | 'blame' | 'past' | 'timeline' | 'diff' | 'restore' | 'empty';

/** When it is checked. */
type Stage = 'up' | 'down' | 'up again';

/** A check that failed. */
export interface Failure {
  readonly stage: Stage;
  readonly check: Check;
  readonly found: string;
}

/** The statements of the library's: about its tables, or about an index that may be there. */
const LIBRARY = /_rev|audit_(?!test)|^DROP INDEX IF EXISTS/;

type Row = Record<string, unknown>;

/** Plays a kind of migration on a database: up, down and up again, with a look and some writes after each. */
export class Evolution {
  readonly failures: Failure[] = [];
  readonly statements: string[] = [];
  private readonly versions: VersionDatabase;
  private recorded: Row[] = [];
  private titles = 0;

  constructor(
    private readonly database: TestDatabase,
    private readonly kind: Kind,
    private readonly variant: Variant,
  ) {
    this.versions = new VersionDatabase(database);
  }

  async play(): Promise<void> {
    const { before, after, unaudited } = this.kind;
    const start = { dropSchema: true, synchronize: true };
    await this.versions.opened(before, start, async (dataSource, item, audit) => {
      await this.write(dataSource, item, audit);
    });
    const off = unaudited && (await this.turnOff(unaudited));
    const migration = await this.generate(after);
    const migrate = (way: 'up' | 'down'): Promise<void> =>
      this.versions.migrate(itemOf(after), migration, 1, way);
    const leave = async (way: 'up' | 'down'): Promise<void> => {
      if (unaudited && off) await this.versions.migrate(itemOf(unaudited, false), off, 0, way);
    };
    await migrate('up');
    await this.look(after, 'up');
    if (this.kind.oneWay) return;
    await migrate('down');
    await leave('down');
    await this.look(before, 'down');
    await leave('up');
    await migrate('up');
    await this.look(after, 'up again');
  }

  private async write(
    dataSource: DataSource,
    item: new () => any,
    { history }: AttachedAudit,
  ): Promise<void> {
    const items = dataSource.getRepository<Row>(item);
    const [first, second] = this.kind.rows;
    const { keyPart } = this.kind.before;
    await items.insert({ id: 1, ...keyPart, title: 'first', ...first });
    await items.insert({ id: 2, ...keyPart, title: 'other', ...second });
    await items.update({ id: 1 }, { title: this.nextTitle(), ...second });
    await history.latest(item, idOf(this.kind.before, 1));
    this.recorded = await this.revisions(dataSource);
  }

  /** Migrates to a version that isn't audited, which writes a row. */
  private async turnOff(version: Version): Promise<Migration> {
    const migration = await this.versions.unaudited(version, (dataSource) =>
      this.versions.generate(dataSource),
    );
    await this.versions.migrate(itemOf(version, false), migration, 0, 'up');
    await this.versions.unaudited(version, (dataSource, item) =>
      dataSource.getRepository<Row>(item).update({ id: 2 }, { title: 'unrecorded' }),
    );
    return migration;
  }

  private async generate(version: Version): Promise<Migration> {
    const alone = await this.versions.unaudited(version, (dataSource) => this.versions.generate(dataSource));
    return this.versions.opened(version, {}, async (dataSource) => {
      const migration = await this.versions.generate(dataSource);
      this.statements.push(...migration.up.map(({ query }) => query));
      if (!version.options?.renamed) {
        const theirs = this.statements.filter((query) => !LIBRARY.test(query)).join('\n');
        const expected = alone.up.map(({ query }) => query).join('\n');
        if (theirs !== expected) throw new Error(`TypeORM alone:\n${expected}\nwith the library:\n${theirs}`);
      }
      if (this.variant === 'as generated') return migration;
      return this.versions.unaudited(this.kind.before, async (before) =>
        mend(this.kind, this.database.name, migration, before, dataSource),
      );
    });
  }

  private async look(version: Version, stage: Stage): Promise<void> {
    await this.versions.opened(version, {}, async (dataSource, item, audit) => {
      const id = idOf(version, 1);
      const check = async (name: Check, run: () => Promise<string | undefined>): Promise<void> => {
        const found = await run().catch((error: Error) => error.message);
        if (found !== undefined) this.failures.push({ stage, check: name, found });
      };
      const isEmptied = this.isEmptied(stage);
      const { history, maintenance } = audit;
      const items = dataSource.getRepository<Row>(item);
      await audit.checkTables();
      await check('empty', async () => {
        // TypeORM alone may find its own changes again and again.
        const alone = await this.versions.unaudited(version, (other) => this.versions.generate(other));
        const theirs = alone.up.map(({ query }) => query);
        const { up } = await this.versions.generate(dataSource);
        // Each time they empty a column, that is noted.
        const isNote = (query: string): boolean =>
          theirs.length > 0 && /^(DELETE FROM|INSERT INTO) .audit_maintenance/.test(query);
        const ours = up.filter(({ query }) => !theirs.includes(query) && !isNote(query));
        return ours.map(({ query }) => query).join('\n') || undefined;
      });
      await check('values', async () => this.lost(await this.revisions(dataSource)));
      await check('verify', async () => {
        if (this.kind.unaudited && stage === 'up') {
          const { findings } = await maintenance.verify();
          const found = findings.map(({ kind, keys }) => `${kind} ${JSON.stringify(keys)}`).join();
          if (found !== 'stale [{"id":2}]') return found;
          await maintenance.reconcile(item);
        }
        const { ok, findings, unknown = [], emptied = [] } = await maintenance.verify();
        if (!ok) return JSON.stringify(findings);
        return isEmptied && unknown.length + emptied.length === 0 ? 'the loss is not reported' : undefined;
      });
      await check('quiet', async () => {
        const { title } = (await items.findOneBy({ id: 2 }))!;
        const count = (await this.revisions(dataSource)).length;
        await items.update({ id: 2 }, { title });
        const more = (await this.revisions(dataSource)).length - count;
        return more === 0 ? undefined : `${more} revisions`;
      });
      await check('blame', async () => {
        await items.update({ id: 1 }, { title: this.nextTitle() });
        const { changes } = (await history.latest(item, id))!;
        const properties = changes.map(({ property }) => property);
        return properties.join() === 'title' ? undefined : JSON.stringify(changes);
      });
      await check('timeline', async () => {
        const { items: found } = await history.timeline(item, id);
        return found.at(-1)?.snapshot?.title === 'first' ? undefined : JSON.stringify(found.at(-1));
      });
      await check('diff', async () => {
        const changes = await history.diff(item, id, 1, 2);
        return changes.some(({ property }) => property === 'title') ? undefined : JSON.stringify(changes);
      });
      await check('past', async () => {
        const first = (await history.revision(item, id, 1))!;
        const found = await history.at(first).findOne<Row>(item, { where: { id: 1 } });
        return found?.title === 'first' ? undefined : JSON.stringify(found);
      });
      await check('restore', async () => {
        const restored = await history.restore(item, id, 1, { dryRun: true });
        return restored?.snapshot?.title === 'first' ? undefined : JSON.stringify(restored);
      });
      this.recorded = await this.revisions(dataSource);
    });
  }

  // A column that was dropped comes back empty.
  private isEmptied(stage: Stage): boolean {
    const { before, after, emptied, dropsRelation = false } = this.kind;
    const renamed = after.options?.renamed ?? {};
    const comesBack = Object.keys(before.columns).some(
      (name) => !(name in after.columns) && !(name in renamed),
    );
    return (
      (this.variant === 'as generated' && !!emptied?.[this.database.name]) ||
      (stage === 'down' && (comesBack || dropsRelation))
    );
  }

  /** What of the recorded values isn't in its revision any more. */
  private lost(revisions: readonly Row[]): string | undefined {
    const lost = this.recorded.flatMap((before) => {
      const now = revisions.find(({ rev_id }) => rev_id === before.rev_id);
      if (!now) return [`revision ${String(before.rev_id)}`];
      const values = new Set(Object.values(now).map(comparable));
      return Object.entries(before)
        .filter(([name, value]) => value !== null && name !== 'gone' && !values.has(comparable(value)))
        .map(([name, value]) => `${name} ${comparable(value)} of version ${String(before.rev_version)}`);
    });
    return lost.length > 0 ? lost.join(', ') : undefined;
  }

  private revisions(dataSource: DataSource): Promise<Row[]> {
    return dataSource.query('SELECT * FROM item_rev ORDER BY id, rev_version');
  }

  private nextTitle(): string {
    return `title ${++this.titles}`;
  }
}

// The number of digits behind the point is the type's.
function comparable(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return String(Number(value));
  if (typeof value === 'number') return String(value);
  return JSON.stringify(value);
}
