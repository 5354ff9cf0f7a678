/** Request metadata, stored with each revision as JSON. */
export type AuditMetadata = Record<string, unknown>;

/** How writes are recorded. Every option is optional. */
export interface AuditOptions {
  /**
   * Who makes the request; asked when a revision is written, so after guards have run. At most 255 characters.
   * The request is what the transport has: Express's or Fastify's request, GraphQL's `context.req`, a
   * microservice's RpcContext.
   *
   * @default request.user?.id ?? request.user?.sub, as a string
   * @example actor: (request) => request.user?.email
   */
  actor?: (request: any) => string | number | null | undefined | Promise<string | number | null | undefined>;

  /**
   * What else to keep of the request. It is stored as JSON with each revision; what `AuditContext` adds goes on top.
   *
   * @default { requestId, method, path }: of the request, with the id of nestjs-cls or the header x-request-id
   * @example context: (request) => ({ ip: request.ip, tenant: request.headers['x-tenant'] })
   */
  context?: (request: any) => AuditMetadata | null | undefined | Promise<AuditMetadata | null | undefined>;

  /**
   * Refuses a write to an audited entity that has no actor.
   * @default false
   */
  requireActor?: boolean;
}
