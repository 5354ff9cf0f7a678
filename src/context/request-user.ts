import { type RequestOrigin } from './request-of.js';

interface Bearer {
  user?: User | null;
  data?: { user?: User | null } | null;
}

interface User {
  id?: UserId;
  sub?: UserId;
}

type UserId = string | number | bigint | null;

/**
 * The id of the authenticated user, from the places where guards of each transport put the user: the request, GraphQL's
 * context, a gateway's client or its `data`, a message's RpcContext or its payload.
 */
export function userOf(request: unknown, { transport, executionContext }: RequestOrigin): string | null {
  const bearer = request as Bearer;
  switch (transport) {
    case 'graphql':
      return firstId(bearer.user, executionContext?.getArgByIndex<Bearer | undefined>(2)?.user);
    case 'ws':
      // Never the payload: the browser writes it.
      return firstId(bearer.user, bearer.data?.user);
    case 'rpc':
      return firstId(bearer.user, executionContext?.switchToRpc().getData<Bearer | undefined>()?.user);
    default:
      return firstId(bearer.user);
  }
}

function firstId(...users: readonly (User | null | undefined)[]): string | null {
  const id = users
    .map((user) => user?.id ?? user?.sub)
    .find((found) => found !== undefined && found !== null);
  return id === undefined || id === null ? null : String(id);
}
