import { Injectable } from '@nestjs/common';
import { type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type EntityId } from '../history/types/entity-id.js';
import { type MaintenanceSession } from './session/maintenance-session.js';
import { assertRunOptions } from './session/assert-options.js';
import { backfill } from './acts/backfill.js';
import { catchUp } from './acts/catch-up.js';
import { estimateRows } from './session/key-batches.js';
import { erase } from './acts/erase.js';
import {
  type BackfillOptions,
  type CatchUpResult,
  type EraseOptions,
  type EraseResult,
  type MaintenanceWriteOptions,
  type PruneOptions,
  type PruneResult,
  type TableEstimate,
  type VerifyOptions,
  type VerifyReport,
} from './maintenance.types.js';
import { assertPruneOptions, prune } from './acts/prune.js';
import { verify } from './acts/verify.js';

/**
 * Takes care of the history as a whole: starts it, checks it, mends it, shortens it, erases from it.
 *
 * Nothing else changes existing revisions. Each run that changed anything is recorded in `audit_maintenance`, with the
 * actor and reason of `AuditContext`. A run goes in batches, each in a transaction of its own, while the application
 * goes on writing. To continue an interrupted run, start it again. An entity stands for its junction tables too. Call
 * the methods outside of transactions.
 */
@Injectable()
export class AuditMaintenance {
  constructor(private readonly session: MaintenanceSession) {}

  /**
   * Gives every row that has no history its first revision, with the operation `baseline`.
   *
   * When it has seen all rows of a table, writes to it don't look any more for rows that have no history.
   *
   * @param entity the only entity to backfill. Default: all audited tables
   * @returns the number of revisions written, for each table
   * @throws NotAuditedError, ActorRequiredError, ReasonRequiredError
   * @throws InvalidArgumentError naming the option
   * @example await context.run({ actor: 'ops' }, () => maintenance.backfill(Reservation));
   * // → [{ table: 'reservation', missing: 1000000, stale: 0, surplus: 0 }]
   */
  async backfill(entity?: EntityTarget<any>, options: BackfillOptions = {}): Promise<CatchUpResult[]> {
    assertRunOptions('backfill', options);
    return backfill(this.session, this.session.plansOf(entity), options);
  }

  /**
   * About how many rows a backfill has to go through, from the database's statistics. Small tables are counted.
   *
   * @param entity the only entity. Default: all audited tables
   * @throws NotAuditedError
   * @example await maintenance.estimateBackfill() // → [{ table: 'reservation', rows: 1000000 }]
   */
  async estimateBackfill(entity?: EntityTarget<any>): Promise<TableEstimate[]> {
    const estimates: TableEstimate[] = [];
    for (const plan of this.session.plansOf(entity))
      estimates.push({ table: plan.metadata.tablePath, rows: await estimateRows(this.session, plan) });
    return estimates;
  }

  /**
   * Compares rows with their newest revisions, inside the database, and looks for gaps in the history. So it finds the
   * writes of raw SQL, other programs and `AuditContext.without()`. It changes nothing.
   *
   * @param entity the only entity to verify. Default: all audited tables
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the option
   * @example await maintenance.verify()
   * // → { ok: false, isComplete: true, findings: [{ table: 'reservation', kind: 'stale', count: 1, keys: [{ id: 7 }] }], tables: […] }
   * @example
   * // Ten minutes each night, from where the last night ended.
   * const { ok, next } = await maintenance.verify(undefined, { timeBudgetSeconds: 600, from });
   */
  async verify(entity?: EntityTarget<any>, options: VerifyOptions = {}): Promise<VerifyReport> {
    assertRunOptions('verify', options);
    return verify(this.session, () => this.session.plansOf(entity), options);
  }

  /**
   * Writes the revisions that `verify()` finds lacking: a `baseline` for a missing one, an `update` for a stale one (an
   * `insert` if the stale revision is a delete), a `delete` for a surplus one. Their time is the time of the run,
   * because nobody knows when the rows were really written.
   *
   * @param entity the only entity to reconcile. Default: all audited tables
   * @returns the number of revisions written, for each table and kind of difference
   * @throws NotAuditedError, ActorRequiredError, ReasonRequiredError
   * @throws InvalidArgumentError naming the option
   * @example await maintenance.reconcile(Reservation) // → [{ table: 'reservation', missing: 0, stale: 1, surplus: 2 }]
   */
  async reconcile(
    entity?: EntityTarget<any>,
    options: MaintenanceWriteOptions = {},
  ): Promise<CatchUpResult[]> {
    assertRunOptions('reconcile', options);
    const results: CatchUpResult[] = [];
    for (const plan of this.session.plansOf(entity)) results.push(await catchUp(this.session, plan, options));
    return results;
  }

  /**
   * Removes old revisions: all but the newest `keep` of each entity, or the revisions that were no longer in force at
   * `olderThan`. With both options it removes a revision only if both allow it. As-of reads from `olderThan` on answer
   * as before. The remaining versions are m..n.
   *
   * The newest revision of an entity always stays, even if it is a delete: an entity that comes back under its key
   * continues with version n+1. With `deletedState: 'last'` the delete holds the last state; `erase()` removes it.
   *
   * @returns the number of revisions removed, for the entity's table and each of its junction tables
   * @throws NotAuditedError, ActorRequiredError, ReasonRequiredError
   * @throws InvalidArgumentError naming the option; 'keep' if neither rule is given
   * @example await maintenance.prune(Reservation, { olderThan: new Date('2020-01-01') }) // → [{ table: 'reservation', removed: 4711 }]
   */
  async prune(entity: EntityTarget<any>, options: PruneOptions): Promise<PruneResult[]> {
    assertRunOptions('prune', options);
    assertPruneOptions(options);
    const results: PruneResult[] = [];
    await this.session.knowShapes();
    for (const plan of this.session.plansOf(entity)) results.push(await prune(this.session, plan, options));
    return results;
  }

  /**
   * Erases personal data of one entity from its history: columns become null in its revisions, or all of its revisions
   * are removed. Every read then shows null, or nothing. The row in `audit_maintenance` names the columns, not their
   * values.
   *
   * While the entity exists, its newest revision stays as it is, because it repeats the row. So first anonymise the row
   * by an ordinary update, then erase. `remaining` names the properties in which the row still has a value. The
   * entity's junction tables and other entities that repeat the data are not touched.
   *
   * @throws NotAuditedError, ActorRequiredError, ReasonRequiredError
   * @throws InvalidArgumentError naming 'id' (also when the entity has no history) or the option
   * @throws AuditError when the entity differs from its newest revision: `reconcile()` it first
   * @example
   * await guests.update(7, { name: 'erased', email: null });
   * await context.run({ actor: 'dpo', reason: 'request 12' }, () => maintenance.erase(Guest, 7, { columns: ['name', 'email'] }));
   * // → { table: 'guest', erased: 12, kept: 13, remaining: ['name'] }
   */
  async erase<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
    options: EraseOptions<NoInfer<E>> = {},
  ): Promise<EraseResult> {
    assertRunOptions('erase', options);
    await this.session.knowShapes();
    return erase(this.session, this.session.capture.plans.get(entity), id, options);
  }
}
