import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AuditContext } from './audit-context.js';
import { AuditContextInterceptor } from './audit-context.interceptor.js';
import { Outcomes } from './outcomes.js';
import { AuditContextMiddleware } from './audit-context.middleware.js';

/**
 * The module of the context, once in an application, however many data sources it audits. It is global because Nest
 * runs the middleware of global modules first. So the writes of other modules' middleware have the request's context
 * too.
 */
@Global()
@Module({
  providers: [AuditContext, Outcomes, { provide: APP_INTERCEPTOR, useClass: AuditContextInterceptor }],
  exports: [AuditContext, Outcomes],
})
export class AuditContextModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    // Unlike '/', a wildcard also covers the routes that an application excludes from its global prefix.
    consumer.apply(AuditContextMiddleware).forRoutes('{*path}');
  }
}
