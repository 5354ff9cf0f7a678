import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import { AuditContext } from './audit-context.js';
import { inContextOf } from './request-context.js';

/** Remembers the request after the guards, and opens a context where no middleware runs, as in microservices. */
@Injectable()
export class AuditContextInterceptor implements NestInterceptor {
  constructor(private readonly audit: AuditContext) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // handle() itself has to run inside too: Nest binds the handler to the async context of that call.
    return new Observable((subscriber) =>
      inContextOf(context, () => next.handle().subscribe(subscriber), this.audit),
    );
  }
}
