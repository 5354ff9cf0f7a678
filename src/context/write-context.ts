import { type AuditMetadata, type AuditOptions } from '../audit.options.js';
import { assertStorable, type AuditContext, type AuditContextState } from './audit-context.js';
import { fittingContext } from './fitting-context.js';
import { currentRequest, currentRequestId } from './request-context.js';
import { requestMetadata } from './request-metadata.js';
import { userOf } from './request-user.js';

/** Actor, reason and metadata, as a revision stores them. */
export interface WriteContext {
  readonly actor: string | null;
  readonly reason: string | null;
  readonly context: AuditMetadata | null;
}

/** Gives the context of a write, with the values of `run()` and `set()` at that time. @throws AuditContextError */
export type Who = (state: AuditContextState | undefined) => WriteContext;

/**
 * Calls the application's functions `actor` and `context` for the current request. The result is a promise if one of
 * them returns a promise: it may need the connection, which is busy while a write is recorded. An error of a function
 * is thrown only by a write that has something to record.
 */
export function whoWrites(context: AuditContext, options: AuditOptions): Who | Promise<Who> {
  const current = currentRequest();
  try {
    if (!current) return whoOf(options, outsideActor(context, options));
    const { request, origin } = current;
    if (request === undefined || request === null) return whoOf(options);
    // If run() or set() has named an actor, the call is unnecessary.
    const actor =
      context.state()?.actor === undefined ? (options.actor ?? userOf)(request, origin) : undefined;
    const metadata = options.context
      ? options.context(request, origin)
      : requestMetadata(request, currentRequestId());
    if (!isLate(actor) && !isLate(metadata)) return whoOf(options, actor, metadata);
    return Promise.all([actor, metadata]).then((told) => whoOf(options, ...told), failing);
  } catch (error) {
    return failing(error);
  }
}

/** The context of a write that is recorded now. @throws AuditContextError */
export async function resolveContext(context: AuditContext, options: AuditOptions): Promise<WriteContext> {
  return (await whoWrites(context, options))(context.state());
}

function whoOf(options: AuditOptions, actor?: string | number | null, metadata?: AuditMetadata | null): Who {
  return (state) => writeContext(options, state, state?.actor !== undefined ? state.actor : actor, metadata);
}

/** The option `defaultActor`, if neither a request nor `run()` names an actor. */
function outsideActor(context: AuditContext, { defaultActor }: AuditOptions): string | null | undefined {
  if (context.state()?.actor !== undefined) return undefined;
  return typeof defaultActor === 'function' ? defaultActor() : defaultActor;
}

function isLate<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}

function failing(error: unknown): Who {
  return () => {
    throw error;
  };
}

function writeContext(
  options: AuditOptions,
  state: AuditContextState | undefined,
  actor: string | number | null | undefined,
  metadata?: AuditMetadata | null,
): WriteContext {
  const stored = typeof actor === 'number' ? String(actor) : actor;
  assertStorable('actor', stored);
  const context = metadata || state?.context ? { ...metadata, ...state?.context } : null;
  return {
    // Blank text counts as no actor.
    actor: stored?.trim() ? stored : null,
    reason: state?.reason ?? null,
    context: context && fittingContext(context, options.maxContextBytes),
  };
}
