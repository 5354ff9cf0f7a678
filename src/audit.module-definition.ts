import { ConfigurableModuleBuilder } from '@nestjs/common';
import { type AuditModuleShape, type AuditOptions } from './audit.options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<AuditOptions>({
    optionsInjectionToken: Symbol.for('nestjs-typeorm-audit:options'),
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createAuditOptions')
    .setExtras<AuditModuleShape>(
      { dataSource: undefined, endpoints: undefined, isGlobal: true },
      (definition, { isGlobal }) => ({ ...definition, global: isGlobal !== false }),
    )
    .build();
