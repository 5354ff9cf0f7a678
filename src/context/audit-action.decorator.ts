import 'reflect-metadata';
import { type ExecutionContext } from '@nestjs/common';

const ACTION = Symbol.for('nestjs-typeorm-audit:action');

/**
 * Names what a handler does, or all handlers of a class. The name stands in `audit_changeset` for the writes of its
 * requests and messages, and `AuditContext.run({ action })` takes its place.
 *
 * @param name at most 255 characters
 * @example @AuditAction('order.cancel') @Delete(':id') cancel() { … }
 */
export function AuditAction(name: string): ClassDecorator & MethodDecorator {
  return (target: object, _?: unknown, handler?: TypedPropertyDescriptor<any>) =>
    Reflect.defineMetadata(ACTION, name, (handler?.value as object | undefined) ?? target);
}

/** The action of the handler that answers a request or message, else that of its class. */
export function actionOf(context: ExecutionContext | undefined): string | undefined {
  if (!context) return undefined;
  for (const bearer of [context.getHandler(), context.getClass()]) {
    const action = bearer && (Reflect.getMetadata(ACTION, bearer) as string | undefined);
    if (action !== undefined) return action;
  }
  return undefined;
}
