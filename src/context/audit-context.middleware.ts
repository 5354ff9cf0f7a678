import { Injectable, type NestMiddleware } from '@nestjs/common';
import { AuditContext } from './audit-context.js';
import { inContextOfRaw } from './request-context.js';

/** Opens the context of each HTTP request, so that guards, interceptors and handlers share it. */
@Injectable()
export class AuditContextMiddleware implements NestMiddleware {
  constructor(private readonly context: AuditContext) {}

  use(request: object, _response: unknown, next: () => void): void {
    inContextOfRaw(request, next, this.context);
  }
}
