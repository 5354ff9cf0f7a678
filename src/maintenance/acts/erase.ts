import { type QueryRunner } from 'typeorm';
import { AuditError, InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type PlanSql } from '../../audited/plan-sql.js';
import { type Key } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { keyOf } from '../../history/arguments/key-of.js';
import { type EntityId } from '../../history/types/entity-id.js';
import { announcePrune } from './announce-prune.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';
import { type ErasableColumn, erasableColumns } from './erasable-columns.js';
import { differencesOfRows } from '../session/find-differences.js';
import { DEFAULT_BATCH_SIZE, type EraseOptions, type EraseResult } from '../maintenance.types.js';
import { MaintenanceLog } from '../session/maintenance-log.js';
import { removeRevisions } from './remove-revisions.js';
import { reportKey } from '../session/report-key.js';

/** The oldest and newest version of an entity, and whether the entity still exists. */
interface Versions {
  readonly first: number;
  readonly last: number;
  readonly isLive: boolean;
}

/** Erases columns of one entity's revisions, or the revisions themselves. */
export async function erase(
  session: MaintenanceSession,
  plan: AuditPlan,
  id: EntityId,
  options: EraseOptions,
): Promise<EraseResult> {
  const columns = options.columns && erasableColumns(plan, options.columns);
  const context = await session.writeContext(plan);
  const key = keyOf(session.dataSource, plan, id);
  const shown = reportKey(session.dataSource, plan, key);
  const log = new MaintenanceLog(session, plan, 'erase', context, shown);
  const erasure = new Erasure(session, plan, key, columns, log);
  const { first, last } = await erasure.begin();
  if (options.dryRun) return session.connected((queryRunner) => erasure.foretell(queryRunner));

  if (!columns) await announcePrune(session, plan, log, erasure.details(erasure.result));
  const size = options.batchSize ?? DEFAULT_BATCH_SIZE;
  // At least one batch, so that a request with nothing left to erase is recorded too.
  for (let from = first; from <= last; from += size) {
    erasure.result = await session.transaction((queryRunner) =>
      erasure.batch(queryRunner, from, Math.min(from + size - 1, last)),
    );
    await options.onProgress?.({
      table: plan.revision.tablePath,
      done: Math.min(from + size - 1, last),
      total: last,
    });
  }
  return erasure.result;
}

class Erasure {
  result: EraseResult;
  private readonly sql: PlanSql;
  private readonly values: Record<string, unknown>;

  constructor(
    private readonly session: MaintenanceSession,
    private readonly plan: AuditPlan,
    private readonly key: Key,
    private readonly columns: readonly ErasableColumn[] | undefined,
    private readonly log: MaintenanceLog,
  ) {
    this.sql = session.sqlOf(plan);
    this.values = Object.fromEntries(key.map((value, n) => [`k${n}`, value]));
    this.result = { table: plan.metadata.tablePath, erased: 0, kept: null, remaining: [] };
  }

  details({ erased, kept }: EraseResult): Record<string, unknown> {
    return { columns: this.columns?.map(({ property }) => property) ?? null, erased, kept };
  }

  /** @throws InvalidArgumentError when there is no history, AuditError when the newest revision differs from the row */
  async begin(): Promise<Versions> {
    const versions = await this.session.connected((queryRunner) => this.versions(queryRunner));
    const { metadata } = this.plan;
    if (versions.last === 0)
      throw new InvalidArgumentError('id', `must name a ${metadata.name} that has a history.`);
    // Only the newest revision stays as it is, so it must equal the row.
    if (
      versions.isLive &&
      Object.keys(await differencesOfRows(this.session, this.plan, [this.key])).length > 0
    )
      throw new AuditError(
        `This ${metadata.name} differs from its newest revision, which stays for it. Call reconcile() first.`,
      );
    return versions;
  }

  /** The result of a dry run over all versions. */
  async foretell(queryRunner: QueryRunner): Promise<EraseResult> {
    const { first, last, isLive } = await this.versions(queryRunner);
    const rows = await this.session.select(
      queryRunner,
      `SELECT rev_id FROM ${this.sql.revisions} WHERE ${this.isWithin(isLive ? last : null)}`,
      { ...this.values, first, last },
    );
    return this.resultOf(queryRunner, rows.length, isLive ? last : null);
  }

  /** Erases a range of versions, except the newest version of a row that exists now. */
  async batch(queryRunner: QueryRunner, first: number, last: number): Promise<EraseResult> {
    await this.session.lock(queryRunner, this.plan, [this.key], false);
    const { isLive, last: newest } = await this.versions(queryRunner);
    const kept = isLive ? newest : null;
    const values = { ...this.values, first, last };
    const erased = this.columns
      ? await this.eraseColumns(queryRunner, this.columns, values, kept)
      : await this.eraseRevisions(queryRunner, values, kept);
    const result = await this.resultOf(queryRunner, this.result.erased + erased, kept);
    await this.log.note(queryRunner, this.details(result));
    return result;
  }

  private async eraseRevisions(
    queryRunner: QueryRunner,
    values: Record<string, unknown>,
    kept: number | null,
  ): Promise<number> {
    const rows = await this.session.select<{ id: string }>(
      queryRunner,
      `SELECT rev_id AS id FROM ${this.sql.revisions} WHERE ${this.isWithin(kept)}`,
      values,
    );
    const ids = rows.map(({ id }) => id);
    return removeRevisions(this.session, queryRunner, this.sql, ids);
  }

  // A revision's own columns don't repeat the row, so they are erased from the newest revision too.
  private async eraseColumns(
    queryRunner: QueryRunner,
    columns: readonly ErasableColumn[],
    values: Record<string, unknown>,
    kept: number | null,
  ): Promise<number> {
    const [{ number }] = await this.session.select<{ number: number | string }>(
      queryRunner,
      `SELECT count(*) AS number FROM ${this.sql.revisions} WHERE ${this.isWithin(kept)}`,
      values,
    );
    for (const isCopied of [true, false]) {
      const names = columns
        .filter((column) => column.isCopied === isCopied)
        .map((column) => this.sql.column(column));
      if (names.length === 0) continue;
      await this.session.write(
        queryRunner,
        `UPDATE ${this.sql.revisions} SET ${names.map((name) => `${name} = NULL`).join(', ')} WHERE ${this.isInRange(isCopied ? kept : null)}`,
        values,
      );
    }
    return Number(number);
  }

  /** Condition: the revision has something to erase. */
  private isWithin(kept: number | null): string {
    if (!this.columns) return this.isInRange(kept);
    const has = (isCopied: boolean): string[] =>
      this.columns!.filter((column) => column.isCopied === isCopied).map(
        (column) => `${this.sql.column(column)} IS NOT NULL`,
      );
    const copied = has(true).join(' OR ') || '1 = 0';
    const own = has(false).join(' OR ') || '1 = 0';
    return `${this.isInRange(null)} AND ((${this.isInRange(kept)} AND (${copied})) OR ${own})`;
  }

  private isInRange(kept: number | null): string {
    const range = ['first', 'last'].map((name) => this.session.dialect.types.value(`{{${name}}}`, 'integer'));
    const others = kept === null ? '' : ` AND rev_version <> ${kept}`;
    return `${this.isOfKey()} AND rev_version BETWEEN ${range.join(' AND ')}${others}`;
  }

  private isOfKey(): string {
    const names = this.plan.keys.map((column) => this.sql.column(column));
    return keysEqual(names, (n) => names[n], this.sql.keyOfCopy(this.sql.givenKey));
  }

  private async versions(queryRunner: QueryRunner): Promise<Versions> {
    const [row] = await this.session.select<{ first: number | null; last: number | null }>(
      queryRunner,
      `SELECT min(rev_version) AS first, max(rev_version) AS last FROM ${this.sql.revisions} WHERE ${this.isOfKey()}`,
      this.values,
    );
    const live = await this.session.capture.keys.existing(queryRunner, this.plan.metadata, [this.key]);
    return { first: row.first ?? 1, last: row.last ?? 0, isLive: live.length > 0 };
  }

  private async resultOf(
    queryRunner: QueryRunner,
    erased: number,
    kept: number | null,
  ): Promise<EraseResult> {
    const copied = this.columns?.filter(({ isCopied }) => isCopied) ?? [];
    let remaining: string[] = [];
    if (kept !== null && copied.length > 0) {
      const has = copied.map(
        (column, n) => `CASE WHEN ${this.sql.column(column)} IS NULL THEN 0 ELSE 1 END AS has${n}`,
      );
      const [row] = await this.session.select<Record<string, number>>(
        queryRunner,
        `SELECT ${has.join(', ')} FROM ${this.sql.revisions} WHERE ${this.isOfKey()} AND rev_version = ${kept}`,
        this.values,
      );
      remaining = copied.filter((_, n) => Number(row[`has${n}`]) === 1).map(({ property }) => property);
    }
    return { ...this.result, erased, kept, remaining };
  }
}
