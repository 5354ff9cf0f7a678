import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import { AuditContext } from './audit-context.js';
import { namedActionOf } from './audit-action.decorator.js';
import { Outcomes } from './outcomes.js';
import { inContextOf } from './request-context.js';

/**
 * Remembers the request after the guards, and opens a context where no middleware runs, as in microservices. Records how
 * handlers end that want it.
 */
@Injectable()
export class AuditContextInterceptor implements NestInterceptor {
  constructor(
    private readonly audit: AuditContext,
    private readonly outcomes: Outcomes,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // handle() itself has to run inside too: Nest binds the handler to the async context of that call.
    return new Observable((subscriber) =>
      inContextOf(context, () => this.handle(context, next).subscribe(subscriber), this.audit),
    );
  }

  private handle(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const action = namedActionOf(context);
    return action?.outcome ? this.outcomes.recorded(action, () => next.handle()) : next.handle();
  }
}
