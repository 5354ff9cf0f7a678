import { type ExecutionContext } from '@nestjs/common';

/** Where a request came in: what `actor` and `context` of the options are given beside it. */
export interface RequestOrigin {
  /** 'http', 'graphql', 'ws', 'rpc', or what a transport of your own calls itself. */
  readonly transport: string;
  /**
   * What Nest gives guards and interceptors: the handler, its class and its arguments, so the data of a message too.
   * Undefined until guards have run, as for a write in middleware or in a guard.
   */
  readonly executionContext: ExecutionContext | undefined;
}

/**
 * What stands for the request in each transport: Express's or Fastify's request, `req` of GraphQL's context,
 * a microservice's RpcContext, a gateway's client.
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

/** The request as middleware has it: Node's own, which Fastify wraps. */
export function rawRequestOf(request: unknown): unknown {
  return (request as { raw?: unknown } | undefined)?.raw ?? request;
}
