import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { ContextIdFactory, ModuleRef, ModulesContainer } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { AUDIT_SHAPE } from '../audit.tokens.js';
import { type AuditModuleShape } from '../audit.options.js';

/**
 * Runs the guards of `endpoints`, one after the other.
 *
 * `@UseGuards()` would instantiate them in AuditModule, which can't resolve the dependencies of an application's guard.
 * So this guard takes them from the module in which the application provides them.
 */
@Injectable()
export class EndpointsGuard implements CanActivate, OnModuleInit {
  private readonly made = new Map<Type<CanActivate>, CanActivate>();

  constructor(
    @Inject(AUDIT_SHAPE) private readonly shape: AuditModuleShape,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  async onModuleInit(): Promise<void> {
    for (const guard of this.guards)
      if (typeof guard === 'function' && !this.isProvided(guard))
        this.made.set(guard, await this.moduleRef.create(guard));
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    for (const guard of this.guards) {
      const instance = typeof guard === 'function' ? await this.resolve(guard, context) : guard;
      const verdict = await instance.canActivate(context);
      if (!(isObservable(verdict) ? await lastValueFrom(verdict) : verdict)) return false;
    }
    return true;
  }

  private get guards(): (Type<CanActivate> | CanActivate)[] {
    return this.shape.endpoints?.guards ?? [];
  }

  private isProvided(guard: Type<CanActivate>): boolean {
    return [...this.modules.values()].some(
      ({ providers, injectables }) => providers.has(guard) || injectables.has(guard),
    );
  }

  // Resolved for each request, because a guard or its dependencies may be request-scoped.
  private async resolve(guard: Type<CanActivate>, context: ExecutionContext): Promise<CanActivate> {
    const contextId = ContextIdFactory.getByRequest(context.switchToHttp().getRequest<object>());
    return this.made.get(guard) ?? this.moduleRef.resolve(guard, contextId, { strict: false });
  }
}
