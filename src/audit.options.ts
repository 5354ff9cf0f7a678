import { type CanActivate, type Type } from '@nestjs/common';
import { type DataSource, type DataSourceOptions } from 'typeorm';
import { type RequestOrigin } from './context/request-of.js';

/** The longest actor or reason that is stored, in characters. */
export const MAX_ACTOR_LENGTH = 255;

/** Request metadata, stored with each revision as JSON. */
export type AuditMetadata = Record<string, unknown>;

/** How writes are recorded. Every option is optional. */
export interface AuditOptions {
  /**
   * Who makes the request; asked when a revision is written, so after guards have run. At most 255 characters.
   * Blank text is no actor.
   *
   * The request is what the transport has: Express's or Fastify's request, GraphQL's `context.req` or `context`, a
   * gateway's client, a microservice's RpcContext. `where` says which it is, and has Nest's ExecutionContext.
   *
   * @default the `id` or else the `sub` of `request.user`, as a string; then of GraphQL's `context.user`, a gateway's
   * `client.data.user`, the user in a message's data
   * @example actor: (request) => request.user?.email
   * @example actor: (request, where) =>
   *   where.transport === 'rpc' ? where.executionContext?.switchToRpc().getData().userId : request.user?.id
   */
  actor?: (
    request: any,
    where: RequestOrigin,
  ) => string | number | null | undefined | Promise<string | number | null | undefined>;

  /**
   * Who writes outside of requests, where no `AuditContext.run()` says so: jobs, `onModuleInit`, scripts. In the
   * course of a request without a user the actor stays null, and `run({ actor: null }, …)` stays null too.
   *
   * @default none: the actor is null
   * @example defaultActor: 'system'
   * @example defaultActor: () => `worker-${process.pid}`
   */
  defaultActor?: string | (() => string | null | undefined);

  /**
   * What else to keep of the request, of which it gets the same as `actor`. It is stored as JSON with each revision;
   * what `AuditContext` adds goes on top.
   *
   * @default { requestId, method, path }: the id is that of nestjs-cls, else the header x-request-id, else request.id,
   * the first of them that has 1 to 128 letters, digits or `_.:/+=@-`. A path is cut after 1,024 characters
   * @example context: (request) => ({ ip: request.ip, tenant: request.headers['x-tenant'] })
   */
  context?: (
    request: any,
    where: RequestOrigin,
  ) => AuditMetadata | null | undefined | Promise<AuditMetadata | null | undefined>;

  /**
   * How much context a revision may hold, in bytes of its JSON: an integer from 256 to 1048576. A larger one is
   * stored with marks such as '[cut: 20480 bytes]' in place of its largest values, and the write goes on.
   * @default 16384
   */
  maxContextBytes?: number;

  /**
   * Refuses a write to an audited entity that has no actor. `@Audited({ requireActor })` decides for one entity.
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

  /**
   * Whether the revision tables have what a write needs: compared when the application has started
   * (`onApplicationBootstrap`), or before the first audited write, whichever comes first; one catalogue query for a data
   * source. A table or column that is missing, a narrower type and a NOT NULL count; more columns and wider types don't.
   * `'error'` stops the start, or that write, with an AuditConfigurationError that lists all of it. `'warn'` lists it by
   * Nest's Logger, looks again before later writes and says when it is well. `false` doesn't look.
   *
   * @default 'error'
   * @example checkTables: 'warn' // the migrations of a deployment end after its application has started
   */
  checkTables?: 'error' | 'warn' | false;
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
   * Class decorators for the controller: what guards, throttlers and OpenAPI look for on a route.
   * @example decorators: [Roles('admin'), ApiBearerAuth()]
   */
  decorators?: ClassDecorator[];

  /**
   * Lists show a larger value, in bytes, as `{ bytes, sha256, href }`, with a link to the revision that has it.
   * @default 16384
   */
  valueLimit?: number;

  /**
   * After how many milliseconds the database ends a statement of the routes, an integer from 1 to 2147483647. The
   * answer is 503, and the connection goes back to the pool as it was. The application's own reads, and HistoryService
   * in code, have no such limit. SQLite can't end a statement, and the application doesn't start with it there.
   *
   * @default no limit but the database's own
   * @example timeout: 5000
   */
  timeout?: number;

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
