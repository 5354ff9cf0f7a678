import { type CanActivate, type Type } from '@nestjs/common';
import { type DataSource, type DataSourceOptions } from 'typeorm';

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
   * @default { requestId, method, path }: the id is that of nestjs-cls, else the header x-request-id, else request.id
   * @example context: (request) => ({ ip: request.ip, tenant: request.headers['x-tenant'] })
   */
  context?: (request: any) => AuditMetadata | null | undefined | Promise<AuditMetadata | null | undefined>;

  /**
   * Refuses a write to an audited entity that has no actor.
   * @default false
   */
  requireActor?: boolean;

  /**
   * The secret key of the digests that stand in the history for `@Masked()` values; at least 16 characters. Whoever
   * has it can find out a value by trying. It never leaves the process: each table and column has a key derived from
   * it, of which the database gets a form that only serves for one statement.
   *
   * To change it give an array, the new key first. A value that hasn't changed is compared under the key that made its
   * digest and keeps it; the next one gets a digest under the new key. Without the old one it counts as changed once.
   *
   * @default none, and required by `@Masked()` and `@Masked('hash')`
   * @example maskKey: process.env.AUDIT_MASK_KEY
   * @example maskKey: [process.env.AUDIT_MASK_KEY, process.env.AUDIT_MASK_KEY_BEFORE]
   */
  maskKey?: string | readonly string[];
}

/** What shapes the module itself, beside the options that a factory can give later. */
export interface AuditModuleShape {
  /**
   * Which data source to audit, as @nestjs/typeorm names it. For several, import the module once for each.
   * @default the default data source
   */
  dataSource?: string | DataSource | DataSourceOptions;

  /**
   * Shows the history over HTTP.
   * @default no endpoints
   * @example endpoints: { guards: [AdminGuard] } // → GET /audit, /audit/:entity/:id, …
   */
  endpoints?: EndpointOptions;

  /**
   * Whether HistoryService can be injected everywhere, or only where the module is imported.
   * @default true
   */
  isGlobal?: boolean;
}

/** How the history is shown over HTTP. */
export interface EndpointOptions {
  /**
   * Where, under the application's global prefix; for each data source somewhere else.
   * @default 'audit'
   */
  path?: string;

  /**
   * Who may read it: each guard has to let the request pass. A class is resolved as a provider of the application,
   * wherever it is provided, or made from what AuditModule can see.
   */
  guards?: (Type<CanActivate> | CanActivate)[];

  /**
   * Says that everybody may read it. Without guards the application doesn't start otherwise.
   * @default false
   */
  public?: boolean;
}

/** All that `AuditModule.forRoot()` takes. */
export type AuditModuleOptions = AuditOptions & AuditModuleShape;

/** What `useClass` and `useExisting` of `AuditModule.forRootAsync()` take. */
export interface AuditOptionsFactory {
  createAuditOptions(): AuditOptions | Promise<AuditOptions>;
}
