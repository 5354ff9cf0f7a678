import { type AuditMetadata, type AuditOptions } from '../audit.options.js';
import { assertStorable, type AuditContext, type AuditContextState } from './audit-context.js';

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
}

/** What the code that runs now would write under. */
export function pendingContext(context: AuditContext): PendingContext {
  return { state: context.state(), request: context.request() };
}

/** Asks the application's functions what the request doesn't say itself. @throws AuditContextError */
export async function resolveContext(
  { state, request }: PendingContext,
  options: AuditOptions,
): Promise<WriteContext> {
  const actor = state?.actor !== undefined || !request ? state?.actor : await (options.actor ?? userOf)(request);
  const stored = typeof actor === 'number' ? String(actor) : actor;
  assertStorable('actor', stored);
  const metadata = request ? await (options.context ?? metadataOf)(request) : undefined;
  return {
    actor: stored ?? null,
    reason: state?.reason ?? null,
    context: metadata || state?.context ? { ...metadata, ...state?.context } : null,
  };
}

function userOf(request: { user?: { id?: unknown; sub?: unknown } }): string | null {
  const id = request.user?.id ?? request.user?.sub;
  return id === undefined || id === null ? null : String(id as string);
}

interface HttpRequest {
  id?: unknown;
  method?: unknown;
  originalUrl?: unknown;
  url?: unknown;
  headers?: Record<string, unknown>;
}

function metadataOf({ id, method, originalUrl, url, headers }: HttpRequest): AuditMetadata | null {
  const path = originalUrl ?? url;
  const metadata = {
    requestId: headers?.['x-request-id'] ?? id,
    method,
    path: typeof path === 'string' ? path.split('?', 1)[0] : undefined,
  };
  const known = Object.entries(metadata).filter(([, value]) => typeof value === 'string');
  return known.length > 0 ? Object.fromEntries(known) : null;
}
