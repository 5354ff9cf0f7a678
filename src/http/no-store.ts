import { type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * Keeps every answer of a route, an error too, out of caches: `Cache-Control: no-store`, and no ETag, which would tell
 * who asks again whether a history has changed.
 *
 * It does so when the headers are sent, because the server and other interceptors set theirs until then.
 */
export function noStore(_request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = (...head: unknown[]): ServerResponse => {
    // They go last, as an object, a flat array, or not at all.
    const given = typeof head.at(-1) === 'object' ? head.pop() : undefined;
    for (const [name, value] of headersOf(given)) response.setHeader(name, value);
    response.removeHeader('ETag');
    response.setHeader('Cache-Control', 'no-store');
    return writeHead(...head);
  };
  next();
}

function headersOf(given: unknown): [name: string, value: string][] {
  if (!Array.isArray(given))
    return Object.entries((given ?? {}) as Record<string, string>).filter(([, value]) => value !== undefined);
  const flat = given as string[];
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]] as [string, string]] : []));
}
