import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { toJson } from './json.js';

/** Makes every answer plain JSON, before the application's own interceptors see it. */
@Injectable()
export class JsonInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map(toJson));
  }
}
