import { ConfigurableModuleBuilder } from '@nestjs/common';
import { type AuditModuleShape, type AuditOptions } from './audit.options.js';
import { AUDIT_OPTIONS } from './audit.tokens.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<AuditOptions>({
    optionsInjectionToken: AUDIT_OPTIONS,
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createAuditOptions')
    .setExtras<AuditModuleShape>(
      { dataSource: undefined, endpoints: undefined, isGlobal: true },
      (definition, { isGlobal }) => ({ ...definition, global: isGlobal !== false }),
    )
    .build();
