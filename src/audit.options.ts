import { type CanActivate, type Type } from '@nestjs/common';
import { type DataSource, type DataSourceOptions } from 'typeorm';
import { type RequestOrigin } from './context/request-of.js';
import { type WordsByLocale } from './history/words/words.js';

/** The longest actor or reason that is stored, in characters. */
export const MAX_ACTOR_LENGTH = 255;

/** Request metadata, stored with each revision as JSON. */
export type AuditMetadata = Record<string, unknown>;

/** How writes are recorded. Every option is optional. */
export interface AuditOptions {
  /**
   * Who makes the request. The function is called when a revision is written, so after guards have run. At most 255
   * characters. Blank text counts as no actor.
   *
   * The request depends on the transport: Express's or Fastify's request, GraphQL's `context.req` or `context`, a
   * gateway's client, a microservice's RpcContext. `where` names the transport, and has Nest's ExecutionContext.
   *
   * @default the `id`, or else the `sub`, of `request.user`, as a string; then of GraphQL's `context.user`, a gateway's
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
   * Who is acted for in a request. The function gets the same arguments as `actor`. The value stands in
   * `audit_changeset`, at most 255 characters.
   *
   * @default `request.user.act.sub`, or else `request.user.impersonatedBy`, as a string
   * @example onBehalf: (request) => request.headers['x-acting-for']
   */
  onBehalf?: (
    request: any,
    where: RequestOrigin,
  ) => string | number | null | undefined | Promise<string | number | null | undefined>;

  /**
   * The id of a request in `audit_changeset`, at most 255 characters. The function gets the same arguments as `actor`.
   *
   * @default the trace id of the header traceparent, or else the header x-request-id or nestjs-cls's id, if it has 1 to
   * 128 letters, digits or `_.:/+=@-`
   * @example requestId: (request) => request.correlationId
   */
  requestId?: (
    request: any,
    where: RequestOrigin,
  ) => string | number | null | undefined | Promise<string | number | null | undefined>;

  /**
   * Who writes outside of requests (jobs, `onModuleInit`, scripts) if no `AuditContext.run()` names an actor. In a
   * request without a user the actor stays null. In `run({ actor: null }, …)` it stays null too.
   *
   * @default none: the actor is null
   * @example defaultActor: 'system'
   * @example defaultActor: () => `worker-${process.pid}`
   */
  defaultActor?: string | (() => string | null | undefined);

  /**
   * The names of actors in the sentences of `history.describe()`. The function gets the ids of all revisions that are
   * described, each once, and in a request not those that it was asked for before. An id that the Map doesn't have stays
   * the id. If the function fails, the call fails with a LabelError.
   *
   * @default the id is the name
   * @example actorLabel: async (ids) =>
   *   new Map((await users.findBy({ id: In(ids) })).map(({ id, name }) => [id, name]))
   */
  actorLabel?: (ids: string[]) => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;

  /**
   * The words of `history.describe()`, by language tag. Words that are left out are English.
   *
   * @default {}
   * @example words: { de: { update: '{actor} hat {entity} geändert', entities: { order: 'Auftrag' } } }
   * @example words: { en: { actions: { 'order.cancel': { order: '{actor} cancelled {entity}' } } } }
   */
  words?: WordsByLocale;

  /**
   * The metadata to keep of the request. The function gets the same arguments as `actor`. Its result is stored as JSON
   * with each revision. The values of `AuditContext` go on top.
   *
   * @default { requestId, method, path }: the id is the first of nestjs-cls's id, the header x-request-id and
   * request.id that has 1 to 128 letters, digits or `_.:/+=@-`. A path is cut after 1,024 characters
   * @example context: (request) => ({ ip: request.ip, tenant: request.headers['x-tenant'] })
   */
  context?: (
    request: any,
    where: RequestOrigin,
  ) => AuditMetadata | null | undefined | Promise<AuditMetadata | null | undefined>;

  /**
   * How much context a revision may hold, in bytes of its JSON: an integer from 256 to 1048576. A larger context is
   * stored with marks such as '[cut: 20480 bytes]' in place of its largest values, and the write goes on.
   *
   * @default 16384
   */
  maxContextBytes?: number;

  /**
   * Whether a write to an audited entity is refused if it has no actor. `@Audited({ requireActor })` decides for one
   * entity.
   *
   * @default false
   */
  requireActor?: boolean;

  /**
   * Whether a write to an audited entity is refused if it has no reason. Blank text counts as no reason.
   * `@Audited({ requireReason })` decides for one entity.
   *
   * @default false
   */
  requireReason?: boolean;

  /**
   * What happens when an audited write is left out of the history by `AuditContext.without()`, `@Audited({ when })` or
   * `{ listeners: false }`.
   *
   * - `'record'`: the write leaves an event `audit.skipped` in `audit_event`, in the same transaction, with the table,
   *   the operation and the number of rows
   * - `'refuse'`: the write fails with a SkippedWriteError
   * - `'allow'`: the write leaves no trace
   *
   * @default 'record'
   * @example skips: 'refuse' // nobody can switch the history off
   */
  skips?: 'record' | 'refuse' | 'allow';

  /**
   * The secret key of the digests that stand in the history for `@Masked()` values; at least 16 characters. Whoever
   * has the key can find out a value by trying. The key never leaves the process. Each table and column has a key
   * derived from it, and the database gets a form of the derived key that serves for one statement only.
   *
   * To change the key, give an array with the new key first. A value that hasn't changed is compared under the key that
   * made its digest, and keeps its digest. The next value gets a digest under the new key. Without the old key, each
   * value counts as changed once.
   *
   * @default none; `@Masked()` and `@Masked('hash')` need one
   * @example maskKey: process.env.AUDIT_MASK_KEY
   * @example maskKey: [process.env.AUDIT_MASK_KEY, process.env.AUDIT_MASK_KEY_BEFORE]
   */
  maskKey?: string | readonly string[];

  /**
   * Whether single rows are recorded, and histories read, with prepared statements that a connection keeps (PostgreSQL
   * by name, MariaDB and MySQL). A pooler in transaction mode may give each transaction another connection of the
   * server, which doesn't have the statements. SQLite prepares in the process, whatever this option says.
   *
   * - `'auto'`: on PostgreSQL if a connection goes to the server directly, which one query finds out at first use; on
   *   MariaDB and MySQL as long as the server has room for the statements
   * - `true`: on PostgreSQL through a pooler too. The pooler has to pass prepared statements on, as PgBouncer does from
   *   1.21 with `max_prepared_statements` above 0
   * - `false`: never
   *
   * @default 'auto'
   * @example preparedStatements: false
   */
  preparedStatements?: 'auto' | boolean;

  /**
   * Whether to check that the revision tables fit the audited tables. The check runs when the application has started
   * (`onApplicationBootstrap`) or before the first audited write, whichever comes first. It takes one catalogue query
   * for a data source. A missing table or column, a narrower type and a NOT NULL are problems; more columns and wider
   * types aren't.
   *
   * - `'error'`: stops the start, or the write, with an AuditConfigurationError that lists all problems
   * - `'warn'`: lists the problems by Nest's Logger, checks again before later writes, and says when all is well
   * - `false`: doesn't check
   *
   * @default 'error'
   * @example checkTables: 'warn' // the migrations of a deployment end after its application has started
   */
  checkTables?: 'error' | 'warn' | false;
}

/** The options of the module itself. A factory can't give them, because Nest needs them earlier. */
export interface AuditModuleShape {
  /**
   * The data source to audit, as @nestjs/typeorm names it. For several, import the module once for each.
   *
   * @default the default data source
   */
  dataSource?: string | DataSource | DataSourceOptions;

  /**
   * Shows the history over HTTP.
   *
   * @default no endpoints
   * @example endpoints: { guards: [AdminGuard] } // → GET /audit, /audit/:entity/:id, …
   */
  endpoints?: EndpointOptions;

  /**
   * Whether HistoryService can be injected everywhere, or only where the module is imported.
   *
   * @default true
   */
  isGlobal?: boolean;
}

/** How the history is shown over HTTP. */
export interface EndpointOptions {
  /**
   * The path of the routes, under the application's global prefix. Each data source needs a path of its own.
   *
   * @default 'audit'
   */
  path?: string;

  /**
   * Who may read the history: each guard has to let the request pass. A class is resolved as a provider of the
   * application, wherever it is provided, or instantiated with the providers that AuditModule can see.
   *
   * @default none; the application doesn't start without guards, unless `public` is true
   */
  guards?: (Type<CanActivate> | CanActivate)[];

  /**
   * Class decorators for the controller, which guards, throttlers and OpenAPI look for on a route.
   *
   * @default []
   * @example decorators: [Roles('admin'), ApiBearerAuth()]
   */
  decorators?: ClassDecorator[];

  /**
   * The largest value that lists show, in bytes: an integer from 1. They show a larger value as
   * `{ bytes, sha256, href }`, with a link to its revision.
   *
   * @default 16384
   */
  valueLimit?: number;

  /**
   * After how many milliseconds the database ends a statement of the routes: an integer from 1 to 2147483647. The
   * answer is 503, and the connection goes back to the pool as it was. The application's own reads, and HistoryService
   * in code, have no such limit. SQLite can't end a statement, so an application on SQLite doesn't start with this
   * option.
   *
   * @default no limit but the database's own
   * @example timeout: 5000
   */
  timeout?: number;

  /**
   * Who may write through the routes: restore an entity, or undo a transaction. It is asked for each such request,
   * after the guards. Everything but `true` is answered with 403.
   *
   * @default none: the routes that write don't exist
   * @example canWrite: (request, { action }) => request.user.roles.includes('admin') && action === 'restore'
   */
  canWrite?: (request: any, write: EndpointWrite) => boolean | Promise<boolean>;

  /**
   * Whether everybody may read the history. Without guards, the application starts only if this is true.
   *
   * @default false
   */
  public?: boolean;
}

/**
 * What a request is about to write.
 *
 * @example { action: 'restore', entity: 'reservation', id: 1 } // the audited name, and the `entityId` of its revisions
 * @example { action: 'undo', transaction: '01a20739-…', entities: ['reservation', 'guest'] } // all that it wrote
 */
export type EndpointWrite =
  | { action: 'restore'; entity: string; id: unknown }
  | { action: 'undo'; transaction: string; entities: string[] };

/** The options of `AuditModule.forRoot()`. */
export type AuditModuleOptions = AuditOptions & AuditModuleShape;

/** The class that `useClass` and `useExisting` of `AuditModule.forRootAsync()` take. */
export interface AuditOptionsFactory {
  createAuditOptions(): AuditOptions | Promise<AuditOptions>;
}
