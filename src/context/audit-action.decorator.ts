import 'reflect-metadata';
import { inspect } from 'node:util';
import { type ExecutionContext } from '@nestjs/common';
import { AuditConfigurationError } from '../audit.errors.js';
import { MAX_ACTOR_LENGTH } from '../audit.options.js';

const ACTION = Symbol.for('nestjs-typeorm-audit:action');

/** How `@AuditAction()` records what a handler does. */
export interface AuditActionOptions {
  /**
   * Whether the end of each call is recorded in `audit_event`, for handlers that change no rows: an export, an approval.
   * The event has the outcome `success`, `failure`, `denied` for an error with the HTTP status 401 or 403, or
   * `cancelled` for a stream that its reader leaves. It is written on its own, whatever is rolled back.
   *
   * @default false
   */
  outcome?: boolean;

  /**
   * The data source whose `audit_event` gets the event, by its name in `@nestjs/typeorm`.
   *
   * @default the default data source, or the only one that is audited
   */
  dataSource?: string;
}

/** The action of a handler. */
export interface NamedAction extends AuditActionOptions {
  readonly name: string;
}

/**
 * Names what a handler does, or all handlers of a class. The name stands in `audit_changeset` for the writes of its
 * requests and messages, and `AuditContext.run({ action })` takes its place.
 *
 * @param name 1 to 255 characters
 * @param options `outcome: true` records the end of each call, too
 * @throws AuditConfigurationError for a wrong name or option
 * @example @AuditAction('order.cancel') @Delete(':id') cancel() { … }
 * @example @AuditAction('order.export', { outcome: true }) @Get('csv') export() { … } // → an event with outcome 'success'
 */
export function AuditAction(
  name: string,
  options: AuditActionOptions = {},
): ClassDecorator & MethodDecorator {
  assertName(name);
  assertOptions(options);
  return (target: object, _?: unknown, handler?: TypedPropertyDescriptor<any>) =>
    Reflect.defineMetadata(
      ACTION,
      { ...options, name } satisfies NamedAction,
      (handler?.value as object | undefined) ?? target,
    );
}

/** The action of the handler that answers a request or message, else that of its class. */
export function namedActionOf(context: ExecutionContext): NamedAction | undefined {
  for (const bearer of [context.getHandler(), context.getClass()]) {
    const action = bearer && (Reflect.getMetadata(ACTION, bearer) as NamedAction | undefined);
    if (action !== undefined) return action;
  }
  return undefined;
}

/** The name of that action. */
export function actionOf(context: ExecutionContext | undefined): string | undefined {
  return context && namedActionOf(context)?.name;
}

function assertName(name: unknown): void {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= MAX_ACTOR_LENGTH) return;
  throw new AuditConfigurationError(
    `The name in @AuditAction(name) must be a string of 1 to ${MAX_ACTOR_LENGTH} characters, got ${inspect(name, { maxStringLength: 40 })}.`,
  );
}

function assertOptions({ outcome, dataSource, ...others }: AuditActionOptions): void {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new AuditConfigurationError(
      `@AuditAction(name, { ${unknown} }) is unknown. Known are outcome, dataSource.`,
    );
  if (outcome !== undefined && typeof outcome !== 'boolean')
    throw new AuditConfigurationError(
      `@AuditAction(name, { outcome }) must be true or false, got ${inspect(outcome)}. Leave it out for the default.`,
    );
  if (dataSource !== undefined && typeof dataSource !== 'string')
    throw new AuditConfigurationError(
      `@AuditAction(name, { dataSource }) must be the name of a data source, got ${inspect(dataSource)}. Leave it out for the default.`,
    );
}
