import { type AuditMetadata, type AuditOptions } from '../audit.options.js';
import { assertStorable, type AuditContext, type AuditContextState } from './audit-context.js';
import { fittingContext } from './fitting-context.js';
import { currentRequest, currentRequestId } from './request-context.js';
import { requestMetadata } from './request-metadata.js';
import { userOf } from './request-user.js';

/** Who writes, why, and the rest, as it is stored with a revision. */
export interface WriteContext {
  readonly actor: string | null;
  readonly reason: string | null;
  readonly context: AuditMetadata | null;
}

/** Gives what a write is recorded under, with what `run()` and `set()` have said until then. @throws AuditContextError */
export type Who = (state: AuditContextState | undefined) => WriteContext;

/**
 * Asks the application's functions about the request in whose course the code runs. A promise where they answer late:
 * they may need the connection, which nobody else has while a write is being recorded. Their errors are kept for
 * writes that do have something to record.
 */
export function whoWrites(context: AuditContext, options: AuditOptions): Who | Promise<Who> {
  const current = currentRequest();
  try {
    if (!current) return whoOf(options, outsideActor(context, options));
    const { request, origin } = current;
    if (request === undefined || request === null) return whoOf(options);
    // What has been said already needs no asking.
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

/** The same, now. @throws AuditContextError */
export async function resolveContext(context: AuditContext, options: AuditOptions): Promise<WriteContext> {
  return (await whoWrites(context, options))(context.state());
}

function whoOf(options: AuditOptions, actor?: string | number | null, metadata?: AuditMetadata | null): Who {
  return (state) => writeContext(options, state, state?.actor !== undefined ? state.actor : actor, metadata);
}

/** The application itself, where no request and no `run()` says who writes. */
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
    // Blank text names nobody.
    actor: stored?.trim() ? stored : null,
    reason: state?.reason ?? null,
    context: context && fittingContext(context, options.maxContextBytes),
  };
}
