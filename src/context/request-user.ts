import { type RequestOrigin } from './request-of.js';

interface Bearer {
  user?: User | null;
  data?: { user?: User | null } | null;
}

interface User {
  id?: UserId;
  sub?: UserId;
  /** The claim of a JWT that one party acts for another (RFC 8693). */
  act?: { sub?: UserId } | null;
  impersonatedBy?: UserId;
}

type UserId = string | number | bigint | null;

/**
 * The id of the authenticated user, from the places where guards of each transport put the user: the request, GraphQL's
 * context, a gateway's client or its `data`, a message's RpcContext or its payload.
 */
export function userOf(request: unknown, origin: RequestOrigin): string | null {
  return firstId(usersIn(request, origin), (user) => user.id ?? user.sub);
}

/** The other user of a request in which one user acts for another, as that user's guard has put it into the user. */
export function otherUserOf(request: unknown, origin: RequestOrigin): string | null {
  return firstId(usersIn(request, origin), (user) => user.act?.sub ?? user.impersonatedBy);
}

type Users = readonly (User | null | undefined)[];

function usersIn(request: unknown, { transport, executionContext }: RequestOrigin): Users {
  const bearer = request as Bearer;
  switch (transport) {
    case 'graphql':
      return [bearer.user, executionContext?.getArgByIndex<Bearer | undefined>(2)?.user];
    case 'ws':
      // Never the payload: the browser writes it.
      return [bearer.user, bearer.data?.user];
    case 'rpc':
      return [bearer.user, executionContext?.switchToRpc().getData<Bearer | undefined>()?.user];
    default:
      return [bearer.user];
  }
}

function firstId(users: Users, idOf: (user: User) => UserId | undefined): string | null {
  const id = users
    .map((user) => (user ? idOf(user) : undefined))
    .find((found) => found !== undefined && found !== null);
  return id === undefined || id === null ? null : String(id);
}
