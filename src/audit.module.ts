import {
  type DynamicModule,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
  type Type,
} from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { type DataSource, type DataSourceOptions } from 'typeorm';
import { attachWith, type AttachedAudit } from './attach-audit.js';
import {
  type ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type OPTIONS_TYPE,
} from './audit.module-definition.js';
import { type AuditModuleShape, type AuditOptions } from './audit.options.js';
import {
  type AuditedTarget,
  getAuditLogToken,
  getHistoryToken,
  getMaintenanceToken,
  getRevisionsToken,
} from './inject.decorators.js';
import {
  ATTACHED_AUDIT,
  AUDIT_CONTROLLERS,
  AUDIT_HISTORY,
  AUDIT_SHAPE,
  AUDITED_DATA_SOURCE,
} from './audit.tokens.js';
import { auditPlansOf } from './audited/audit-plans.js';
import { assertAuditOptions, assertModuleShape } from './check-options.js';
import { AuditContext } from './context/audit-context.js';
import { AuditContextModule } from './context/audit-context.module.js';
import { Outcomes } from './context/outcomes.js';
import { HistoryService } from './history/history.service.js';
import { endpointsOf } from './http/endpoints.js';
import { noStore } from './http/no-store.js';

/**
 * Records every write to the audited entities of a data source, and provides their history.
 *
 * For several data sources import it once for each; the history of a named one is injected with `@InjectHistory()`.
 * Modules that share a data source record together until the last of their applications is closed. Each application's
 * `actor` and `context` are called for its own requests. `requireActor`, `requireReason`, `skips`, `maskKey`, `checkTables` and
 * `preparedStatements` hold for all modules, and two modules must not give different values.
 *
 * @example imports: [TypeOrmModule.forRoot({ … }), AuditModule.forRoot({ actor: (request) => request.user?.email })]
 */
@Module({ imports: [AuditContextModule], exports: [AuditContextModule] })
export class AuditModule
  extends ConfigurableModuleClass
  implements NestModule, OnApplicationBootstrap, OnApplicationShutdown
{
  constructor(
    @Inject(ATTACHED_AUDIT) private readonly audit: AttachedAudit,
    @Inject(AUDIT_CONTROLLERS) private readonly controllers: Type[],
  ) {
    super();
  }

  /** Audits a data source with these options. A wrong option stops the start with an AuditConfigurationError. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return assemble(super.forRoot(options), options, false);
  }

  /**
   * Like `forRoot()`, with options from a factory. The options of `AuditModuleShape` stand beside the factory.
   *
   * @example AuditModule.forRootAsync({ endpoints, inject: [ConfigService], useFactory: (config) => ({ … }) })
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return assemble(super.forRootAsync(options), options, true);
  }

  /**
   * Provides the repositories of the entities' revisions, for `@InjectRevisions(Entity)`.
   *
   * @param dataSource as @nestjs/typeorm names it. Default: the default data source
   * @example imports: [AuditModule.forFeature([Reservation])]
   */
  static forFeature(
    entities: readonly AuditedTarget[],
    dataSource?: string | DataSource | DataSourceOptions,
  ): DynamicModule {
    const providers = entities.map((entity) => revisionsProvider(entity, dataSource));
    return { module: AuditFeatureModule, providers, exports: providers };
  }

  configure(consumer: MiddlewareConsumer): void {
    if (this.controllers.length > 0) consumer.apply(noStore).forRoutes(...this.controllers);
  }

  // Later than onModuleInit, in which an application may run its migrations. A write in onModuleInit checks the tables.
  async onApplicationBootstrap(): Promise<void> {
    await this.audit.checkTables();
  }

  // Later than onModuleDestroy: until then other modules may write, and requests arrive.
  onApplicationShutdown(): void {
    this.audit.detach();
  }
}

@Module({})
class AuditFeatureModule {}

function assemble(definition: DynamicModule, given: AuditModuleShape, isAsync: boolean): DynamicModule {
  const dataSource = getDataSourceToken(given.dataSource);
  const history = getHistoryToken(given.dataSource);
  const maintenance = getMaintenanceToken(given.dataSource);
  const log = getAuditLogToken(given.dataSource);
  const endpoints = endpointsOf(given);
  return {
    ...definition,
    controllers: endpoints.controllers,
    providers: [
      ...(definition.providers ?? []),
      ...endpoints.providers,
      { provide: AUDIT_CONTROLLERS, useValue: endpoints.controllers },
      {
        provide: AUDIT_SHAPE,
        useFactory: () => {
          assertModuleShape(given, isAsync);
          return given;
        },
      },
      {
        provide: ATTACHED_AUDIT,
        inject: [AuditContext, dataSource, MODULE_OPTIONS_TOKEN, AUDIT_SHAPE, Outcomes],
        useFactory: (
          context: AuditContext,
          source: DataSource,
          options: unknown,
          _: unknown,
          outcomes: Outcomes,
        ) => {
          // A factory that returns nothing is a mistake, not a wish for the defaults of attachAudit().
          assertAuditOptions(options);
          const audit = attachWith(context, source, options);
          outcomes.add(nameOf(given), (outcome) => audit.log.record(outcome));
          return audit;
        },
      },
      {
        provide: AUDITED_DATA_SOURCE,
        inject: [dataSource, ATTACHED_AUDIT],
        useFactory: (source: DataSource) => source,
      },
      { provide: history, inject: [ATTACHED_AUDIT], useFactory: (audit: AttachedAudit) => audit.history },
      {
        provide: maintenance,
        inject: [ATTACHED_AUDIT],
        useFactory: (audit: AttachedAudit) => audit.maintenance,
      },
      { provide: log, inject: [ATTACHED_AUDIT], useFactory: (audit: AttachedAudit) => audit.log },
      {
        provide: AUDIT_HISTORY,
        inject: [history, AUDITED_DATA_SOURCE, MODULE_OPTIONS_TOKEN],
        useFactory: (unlimited: HistoryService, source: DataSource, options: AuditOptions) =>
          given.endpoints?.timeout === undefined
            ? unlimited
            : new HistoryService(source, given.endpoints.timeout, options),
      },
    ],
    exports: [history, maintenance, log],
  };
}

function nameOf({ dataSource }: AuditModuleShape): string | undefined {
  return typeof dataSource === 'object' ? (dataSource as { readonly name?: string }).name : dataSource;
}

function revisionsProvider(
  entity: AuditedTarget,
  dataSource?: string | DataSource | DataSourceOptions,
): Provider {
  return {
    provide: getRevisionsToken(entity, dataSource),
    inject: [getDataSourceToken(dataSource)],
    useFactory: (source: DataSource) =>
      source.getRepository(auditPlansOf(source).get(entity).revision.target),
  };
}
