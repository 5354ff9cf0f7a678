import { type AuditMetadata, type AuditOptions } from '../audit.options.js';
import { assertStorable, type AuditContext, type AuditContextState } from './audit-context.js';
import { currentRequestId } from './request-context.js';

/** Who writes, why, and the rest, as it is stored with a revision. */
export interface WriteContext {
  readonly actor: string | null;
  readonly reason: string | null;
  readonly context: AuditMetadata | null;
}

/** What was known when the write happened, to be resolved when its revision is written. */
export interface PendingContext {
  readonly state: AuditContextState | undefined;
  readonly request: unknown;
  /** The id that nestjs-cls has for it. */
  readonly requestId: string | undefined;
}

/** What the code that runs now would write under. */
export function pendingContext(context: AuditContext): PendingContext {
  return { state: context.state(), request: context.request(), requestId: currentRequestId() };
}

/** Asks the application's functions what the request doesn't say itself. @throws AuditContextError */
export function resolveContext(
  pending: PendingContext,
  options: AuditOptions,
): WriteContext | Promise<WriteContext> {
  const { request, state } = pending;
  return request ? resolveOfRequest(request, pending, options) : writeContext(state, state?.actor);
}

async function resolveOfRequest(
  request: object,
  { state, requestId }: PendingContext,
  options: AuditOptions,
): Promise<WriteContext> {
  const actor = state?.actor !== undefined ? state.actor : await (options.actor ?? userOf)(request);
  const metadata = await (options.context ? options.context(request) : metadataOf(request, requestId));
  return writeContext(state, actor, metadata);
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
