import { type AuditMetadata } from '../audit.options.js';

// A client can send any header, and an application often passes it on as its own id.
const PLAIN_ID = /^[\w.:/+=@-]{1,128}$/;
const MAX_PATH_LENGTH = 1024;

interface HttpRequest {
  id?: unknown;
  method?: unknown;
  originalUrl?: unknown;
  url?: unknown;
  headers?: Record<string, unknown>;
}

// W3C Trace Context: version, trace id, parent id. A trace id of zeros is invalid.
const TRACE_PARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-[\da-f]{16}-/;

/** The id of a request in changesets: the trace id, else the header x-request-id, else the given id. */
export function requestIdOf({ headers }: HttpRequest, requestId: string | undefined): string | undefined {
  const parent = headers?.traceparent;
  const trace = typeof parent === 'string' ? TRACE_PARENT.exec(parent)?.[1] : undefined;
  return trace ?? [headers?.['x-request-id'], requestId].find(isPlainId);
}

/** The default metadata of a request; null if it has none. */
export function requestMetadata(request: HttpRequest, requestId: string | undefined): AuditMetadata | null {
  const { id, method, originalUrl, url, headers } = request;
  const ids = [requestId, headers?.['x-request-id'], typeof id === 'number' ? String(id) : id];
  const metadata = {
    requestId: ids.find(isPlainId),
    method,
    path: pathOf(originalUrl ?? url),
  };
  const known = Object.entries(metadata).filter(([, value]) => typeof value === 'string');
  return known.length > 0 ? Object.fromEntries(known) : null;
}

function isPlainId(id: unknown): id is string {
  return typeof id === 'string' && PLAIN_ID.test(id);
}

function pathOf(url: unknown): string | undefined {
  if (typeof url !== 'string') return undefined;
  const path = url.split('?', 1)[0];
  return path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
}
