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
   * has it can find out a value by trying. With another key every masked value counts as changed at its row's next
   * write. It reaches the database as a parameter of each statement that masks, in a form that is as secret,
   * and so the query log of an application that has `logging` on.
   *
   * @default none, and required by `@Masked()` and `@Masked('hash')`
   * @example maskKey: process.env.AUDIT_MASK_KEY
   */
  maskKey?: string;

  /**
   * Whether single rows are recorded, and histories read, with prepared statements that a connection keeps (PostgreSQL
   * by name, MariaDB and MySQL). Poolers in transaction mode may give each transaction another connection of the
   * server, which doesn't have them. SQLite prepares in the process, whatever is given.
   *
   * - `'auto'`: on PostgreSQL where a connection goes to the server directly, which one query at first use tells; on
   *   MariaDB and MySQL as long as the server has room for them
   * - `true`: on PostgreSQL through a pooler too, which then has to pass them on, as PgBouncer does from 1.21 with
   *   `max_prepared_statements` above 0
   * - `false`: never
   *
   * @default 'auto'
   * @example preparedStatements: false
   */
  preparedStatements?: 'auto' | boolean;
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
