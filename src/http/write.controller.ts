import {
  Body,
  ConflictException,
  ForbiddenException,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import {
  ActorRequiredError,
  InvalidArgumentError,
  RestoreConflictError,
  UndoConflictError,
} from '../audit.errors.js';
import { type AuditOptions, type EndpointWrite } from '../audit.options.js';
import { AUDIT_OPTIONS } from '../audit.tokens.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { requiresReason } from '../audited/required.js';
import { type SerializerOptions } from '../audited/class-transformer.js';
import { AuditContext } from '../context/audit-context.js';
import { DEFAULT_LIMIT, transactionId } from '../history/arguments/checks.js';
import { restorableProperties } from '../history/restore/restored-columns.js';
import { type Revision } from '../history/types/revision.js';
import { tablesWritten } from '../history/undo/transaction-rows.js';
import { type Addressed, AuditController } from './audit.controller.js';
import { Documented } from './openapi/openapi.decorator.js';
import { RESTORE_BODY, RESTORED, UNDO_BODY, UNDONE } from './openapi/openapi.schemas.js';
import { readBody, RESTORE_FIELDS, UNDO_FIELDS } from './request/body.js';
import { JsonOnlyGuard } from './request/json-only.guard.js';
import { EndpointsRoot, Serialization, UrlSegment } from './request/request.decorators.js';
import { required } from './request/query.js';
import { type Presenter } from './show/presenter.js';
import { conflictBody } from './show/conflict-body.js';

/** The answer of an undo. */
interface Undone {
  /** The transaction of the new revisions; null if nothing had to change, and in a dry run. */
  transaction: string | null;
  count: number;
  items: object[];
  /** For `GET …/transactions/:id` of the new revisions; after a dry run, for its next page. */
  nextCursor: string | null;
}

/** The routes that write. They are registered only with `endpoints.canWrite`. */
export class WriteController extends AuditController {
  @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions;

  @Post(':entity/:id/restore')
  @HttpCode(200)
  @UseGuards(JsonOnlyGuard)
  @Documented({ summary: 'Restores an entity, as a new revision', body: RESTORE_BODY, answer: RESTORED })
  async restore(
    @Param('entity') entity: string,
    @UrlSegment(-2) id: string,
    @Body() body: unknown,
    @Req() request: unknown,
    @EndpointsRoot(3) root: string,
    @Serialization() serialization: SerializerOptions,
  ): Promise<{ revision: object | null }> {
    const addressed = this.address(entity, id);
    const { plan, target, key } = addressed;
    const newest = await this.assertHistory(addressed, entity, id);
    await this.assertMayWrite(request, { action: 'restore', entity: plan.name, id: newest.entityId });
    const { reason, ...fields } = readBody(body, RESTORE_FIELDS);
    this.assertReason([plan], reason, fields.dryRun);
    const at = required('at', fields.at);
    const expectedVersion = required('expectedVersion', fields.expectedVersion);
    const presenter = this.presenters.of(plan, serialization);
    const properties = await this.propertiesOf(addressed, presenter, presenter.asksEntity ? newest : null, {
      ...fields,
      expectedVersion,
    });
    const options = { expectedVersion, properties, dryRun: fields.dryRun };
    const revision = await this.write(root, serialization, reason, () =>
      this.history.restore(target, key, at, options),
    );
    return { revision: revision && presenter.revision(revision) };
  }

  @Post('transactions/:id/undo')
  @HttpCode(200)
  @UseGuards(JsonOnlyGuard)
  @Documented({ summary: 'Undoes a transaction', path: ['id'], body: UNDO_BODY, answer: UNDONE })
  async undo(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: unknown,
    @EndpointsRoot(3) root: string,
    @Serialization() serialization: SerializerOptions,
  ): Promise<Undone> {
    const transaction = transactionId(id);
    const { reason, dryRun, limit = DEFAULT_LIMIT, cursor } = readBody(body, UNDO_FIELDS);
    const plans = await tablesWritten(this.dataSource, transaction);
    if (plans.length === 0) throw new NotFoundException(`No revision is of transaction ${id}.`);
    const entities = [...new Set(plans.map(({ name }) => name))];
    await this.assertMayWrite(request, { action: 'undo', transaction, entities });
    this.assertReason(plans, reason, dryRun);
    const { count, items, nextCursor } = await this.write(root, serialization, reason, () =>
      this.history.undo(transaction, { dryRun, limit, cursor }),
    );
    return {
      transaction: (!dryRun && items.at(0)?.transaction) || null,
      count,
      items: items.map(this.presenters.list(serialization, root)),
      nextCursor,
    };
  }

  /** @throws ForbiddenException unless `endpoints.canWrite` returns true */
  private async assertMayWrite(request: unknown, write: EndpointWrite): Promise<void> {
    if ((await this.shape.endpoints?.canWrite?.(request, write)) === true) return;
    const what = write.action === 'restore' ? `restore ${write.entity}` : 'undo this transaction';
    throw new ForbiddenException(`You may not ${what}. endpoints.canWrite decides.`);
  }

  /**
   * A restore in code has a reason of its own, which says what it does. Of a person `requireReason` wants to know why.
   *
   * @throws InvalidArgumentError 'reason', when a table requires one and neither the body nor the context has it
   */
  private assertReason(plans: readonly AuditPlan[], reason: string | undefined, isDryRun = false): void {
    if (isDryRun || (reason ?? new AuditContext().state()?.reason)?.trim()) return;
    const plan = plans.find((each) => requiresReason(each, this.options));
    if (plan)
      throw new InvalidArgumentError(
        'reason',
        `must be given, got nothing. requireReason is on for ${plan.name}: say why in the body's reason.`,
      );
  }

  /**
   * The properties to restore: the given ones, or all that the application shows. Nobody restores what they can't see.
   * A deleted entity comes back as a whole.
   *
   * @throws InvalidArgumentError 'properties', when one of them is hidden
   */
  private async propertiesOf(
    { plan, target, key }: Addressed,
    presenter: Presenter,
    newest: Revision | null,
    { properties, expectedVersion }: { properties?: string[]; expectedVersion: number },
  ): Promise<string[] | undefined> {
    for (const property of properties ?? []) presenter.assertProperty(property, newest, 'properties');
    if (properties) return properties;
    const seen = await this.history.revision(target, key, expectedVersion);
    if (!seen || seen.isDelete) return undefined;
    const all = restorableProperties(plan);
    const shown = all.filter((property) => presenter.shows(property, newest));
    return shown.length === all.length ? undefined : shown;
  }

  private async write<T>(
    root: string,
    serialization: SerializerOptions,
    reason: string | undefined,
    write: () => Promise<T>,
  ): Promise<T> {
    try {
      return await (reason === undefined ? write() : new AuditContext().run({ reason }, write));
    } catch (error) {
      if (error instanceof ActorRequiredError) throw new ForbiddenException(error.message, { cause: error });
      if (!(error instanceof RestoreConflictError || error instanceof UndoConflictError)) throw error;
      const isHidden = this.presenters.hiding(serialization);
      const item = this.presenters.list(serialization, root);
      throw new ConflictException(conflictBody(error, isHidden, item), { cause: error });
    }
  }
}
