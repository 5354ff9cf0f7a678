import { type ExecutionContext } from '@nestjs/common';

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
