import { type AuditMetadata, type AuditOptions } from '../audit.options.js';
import { assertStorable, type AuditContext, type AuditContextState } from './audit-context.js';
import { currentRequestId } from './request-context.js';

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
  const request = context.request() as object | undefined;
  if (!request) return (state) => writeContext(state, state?.actor);
  try {
    // What has been said already needs no asking.
    const actor = context.state()?.actor === undefined ? (options.actor ?? userOf)(request) : undefined;
    const metadata = options.context ? options.context(request) : metadataOf(request, currentRequestId());
    if (!isLate(actor) && !isLate(metadata)) return whoOf(actor, metadata);
    return Promise.all([actor, metadata]).then((told) => whoOf(...told), failing);
  } catch (error) {
    return failing(error);
  }
}

/** The same, now. @throws AuditContextError */
export async function resolveContext(context: AuditContext, options: AuditOptions): Promise<WriteContext> {
  return (await whoWrites(context, options))(context.state());
}

function whoOf(actor: string | number | null | undefined, metadata: AuditMetadata | null | undefined): Who {
  return (state) => writeContext(state, state?.actor !== undefined ? state.actor : actor, metadata);
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
  state: AuditContextState | undefined,
  actor: string | number | null | undefined,
  metadata?: AuditMetadata | null,
): WriteContext {
  const stored = typeof actor === 'number' ? String(actor) : actor;
  assertStorable('actor', stored);
  return {
    actor: stored ?? null,
    reason: state?.reason ?? null,
    context: metadata || state?.context ? { ...metadata, ...state?.context } : null,
  };
}

function userOf({ user }: { user?: { id?: UserId; sub?: UserId } | null }): string | null {
  const id = user?.id ?? user?.sub;
  return id === undefined || id === null ? null : String(id);
}

type UserId = string | number | bigint | null;

interface HttpRequest {
  id?: unknown;
  method?: unknown;
  originalUrl?: unknown;
  url?: unknown;
  headers?: Record<string, unknown>;
}

function metadataOf(request: HttpRequest, requestId: string | undefined): AuditMetadata | null {
  const { id, method, originalUrl, url, headers } = request;
  const path = originalUrl ?? url;
  const metadata = {
    requestId: requestId ?? headers?.['x-request-id'] ?? (typeof id === 'number' ? String(id) : id),
    method,
    path: typeof path === 'string' ? path.split('?', 1)[0] : undefined,
  };
  const known = Object.entries(metadata).filter(([, value]) => typeof value === 'string');
  return known.length > 0 ? Object.fromEntries(known) : null;
}
