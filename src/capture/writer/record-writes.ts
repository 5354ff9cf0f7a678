import { AuditError } from '../../audit.errors.js';
import { type AuditOptions } from '../../audit.options.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { assertRequired } from '../../audited/required.js';
import { type WriteContext } from '../../context/write-context.js';
import { groupWrites } from '../write/group-writes.js';
import { isPacked } from '../../dialect/keys/key-text.js';
import { isRecordable } from '../tables/pending-tables.js';
import { type Write } from '../write/write.js';
import { type RevisionWriter } from './revision-writer.js';
import { numberOfContext } from '../../revision/shape.js';
import { type Unit } from '../unit/unit.js';

const IN_CHANGESETS = ['actor', 'onBehalf', 'action', 'request'] as const;

/** Takes the writes that `when` has declined. */
export interface SkippedWrites {
  recordDeclined(unit: Unit, declined: readonly Write[], context: WriteContext): Promise<void>;
}

export class WriteRecorder {
  constructor(
    private readonly writer: RevisionWriter,
    private readonly options: AuditOptions,
    private readonly skips: SkippedWrites,
  ) {}

  /**
   * Records writes, one statement for each table and operation. If recording fails, the transaction can't be committed.
   *
   * @param context called only if there is something to record
   */
  async record(unit: Unit, writes: readonly Write[], context: () => WriteContext): Promise<void> {
    try {
      const { tablesWithBaselines } = unit;
      if (tablesWithBaselines.size === 0 && writes.every(({ keys }) => keys.length === 0)) return;
      const known = context();
      const declined: Write[] = [];
      for (const write of groupWrites(writes)) {
        if (write.keys.length === 0) continue;
        const recordable = isRecordable(unit.queryRunner, write.plan);
        if (recordable !== true && !(await recordable)) continue;
        if (this.isWanted(write, known)) await this.writeOne(unit, write, known);
        else declined.push(write);
      }
      if (declined.length > 0) await this.skips.recordDeclined(unit, declined, known);
      for (const plan of tablesWithBaselines) await this.addChangeset(unit, plan, known);
    } catch (error) {
      unit.fail(error);
      throw error;
    }
  }

  // A write that changed nothing has brought none for the baselines of its rows.
  private async addChangeset(unit: Unit, plan: AuditPlan, context: WriteContext): Promise<void> {
    const changeset = unit.changesetOf(plan.number);
    if (changeset.isMade) return;
    const { queryRunner, revTransaction: transaction } = unit;
    await this.writer.addChangeset(queryRunner, { ...context, plan, transaction, changeset });
    unit.contexts.set(plan.number, context);
  }

  // The changeset has the context of the first write. Another actor, action or request has to be found too.
  private async noteContext(
    unit: Unit,
    plan: AuditPlan,
    context: WriteContext,
    isFirst: boolean,
  ): Promise<void> {
    const first = unit.contexts.get(plan.number) as WriteContext | undefined;
    if (isFirst || !first) unit.contexts.set(plan.number, context);
    // Nobody looks for nothing.
    else if (IN_CHANGESETS.every((name) => context[name] === null)) return;
    else if (IN_CHANGESETS.some((name) => first[name] !== context[name])) {
      const number = numberOfContext(IN_CHANGESETS.map((name) => context[name]));
      const changeset = unit.changesetOf(number);
      if (changeset.isMade) return;
      const { queryRunner, revTransaction: transaction } = unit;
      await this.writer.addChangeset(queryRunner, { ...context, plan, transaction, changeset }, number);
    }
  }

  private isWanted({ plan, operation }: Write, context: WriteContext): boolean {
    const { actor, reason, context: metadata } = context;
    const told = { operation: operation === 'upsert' ? ('insert' as const) : operation, actor, reason };
    if (plan.when && !plan.when({ ...told, context: metadata })) return false;
    assertRequired(plan, this.options, context);
    return true;
  }

  private async writeOne(unit: Unit, write: Write, context: WriteContext): Promise<void> {
    const { plan, operation, keys, entities } = write;
    const { queryRunner, revTransaction, snapshot, newest, isSerializable } = unit;
    const changeset = unit.changesetOf(plan.number);
    const isFirst = !changeset.isMade;
    const written = await this.writer.record(queryRunner, {
      ...write,
      ...context,
      transaction: revTransaction,
      changeset,
      snapshot,
      newest,
      isSerializable,
    });
    if (written > 0) await this.noteContext(unit, plan, context, isFirst);
    if (write.areInserted && keys !== 'all' && written < keys.length)
      throw new AuditError(
        `${keys.length - written} of ${keys.length} rows inserted into ${plan.metadata.name} have no revision, because the ` +
          `database does not show them to the one who wrote them. Let the writer SELECT the rows that it inserts.`,
      );
    if (!plan.revisionId || operation === 'delete' || !entities || keys === 'all' || isPacked(keys)) return;
    const ids = await this.writer.revisionIds(queryRunner, plan, keys);
    entities.forEach((entity, n) => entity && plan.revisionId!.setEntityValue(entity, ids[n]));
  }
}
