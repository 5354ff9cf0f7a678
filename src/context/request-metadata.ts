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

/** The default metadata of a request; null if it has none. */
export function requestMetadata(request: HttpRequest, requestId: string | undefined): AuditMetadata | null {
  const { id, method, originalUrl, url, headers } = request;
  const ids = [requestId, headers?.['x-request-id'], typeof id === 'number' ? String(id) : id];
  const metadata = {
    requestId: ids.find((known) => typeof known === 'string' && PLAIN_ID.test(known)),
    method,
    path: pathOf(originalUrl ?? url),
  };
  const known = Object.entries(metadata).filter(([, value]) => typeof value === 'string');
  return known.length > 0 ? Object.fromEntries(known) : null;
}

function pathOf(url: unknown): string | undefined {
  if (typeof url !== 'string') return undefined;
  const path = url.split('?', 1)[0];
  return path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
}
