import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { type AuditModuleShape } from '../audit.options.js';
import { AUDIT_SHAPE, AUDITED_DATA_SOURCE } from '../audit.tokens.js';
import { assertTimeouts } from '../history/revisions/read-within.js';
import { pathOf } from './endpoints-path.js';

/** Stops the start of an application whose endpoints are shadowed by other routes, or can't keep a limit. */
@Injectable()
export class EndpointsCheck implements OnModuleInit {
  constructor(
    @Inject(AUDITED_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(AUDIT_SHAPE) private readonly shape: AuditModuleShape,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  /** @throws AuditConfigurationError naming the remedy */
  onModuleInit(): void {
    this.assertPath();
    if (this.shape.endpoints?.timeout !== undefined) assertTimeouts(this.dataSource, 'endpoints.timeout');
  }

  private assertPath(): void {
    const path = pathOf(this.shape);
    const shapes = [...this.modules.values()].flatMap(({ providers }) => {
      const shape = providers.get(AUDIT_SHAPE)?.instance as AuditModuleShape | undefined;
      return shape?.endpoints ? [shape] : [];
    });
    if (shapes.filter((shape) => pathOf(shape) === path).length > 1)
      throw new AuditConfigurationError(
        `Two data sources have their endpoints at the path '${path}'. Give one of them another: endpoints: { path }.`,
      );
  }
}
