import { type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * Keeps every answer of a route out of caches, errors too: sets `Cache-Control: no-store` and removes the ETag, which
 * would reveal whether a history has changed.
 *
 * It acts in writeHead(), because the server and other interceptors set headers until then.
 */
export function noStore(_request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = (...head: unknown[]): ServerResponse => {
    // The last argument of writeHead() may be the headers, as an object or a flat array.
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
