import { type ExecutionContext } from '@nestjs/common';

/** The origin of a request: the second argument of the options `actor` and `context`. */
export interface RequestOrigin {
  /** 'http', 'graphql', 'ws', 'rpc', or the name of a custom transport. */
  readonly transport: string;
  /**
   * Nest's ExecutionContext, as guards and interceptors get it: the handler, its class and its arguments, so the data
   * of a message too. Undefined until guards have run, so for a write in middleware or in a guard.
   */
  readonly executionContext: ExecutionContext | undefined;
}

/**
 * The request of each transport: Express's or Fastify's request, `req` of GraphQL's context, a microservice's
 * RpcContext, a gateway's client.
 */
export function requestOf(context: ExecutionContext): unknown {
  switch (context.getType<string>()) {
    case 'http':
      return context.switchToHttp().getRequest();
    case 'graphql': {
      const graphql = context.getArgByIndex<{ req?: unknown } | undefined>(2);
      return graphql?.req ?? graphql;
    }
    case 'rpc':
      return context.switchToRpc().getContext();
    case 'ws':
      return context.switchToWs().getClient();
    default:
      return context.getArgByIndex(0);
  }
}

/** Node's own request, which middleware gets and Fastify wraps. */
export function rawRequestOf(request: unknown): unknown {
  return (request as { raw?: unknown } | undefined)?.raw ?? request;
}
