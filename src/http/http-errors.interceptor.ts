import {
  BadRequestException,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  ServiceUnavailableException,
} from '@nestjs/common';
import { catchError, type Observable, throwError } from 'rxjs';
import { InvalidArgumentError, ReadTimeoutError } from '../audit.errors.js';

/**
 * Turns errors of arguments and timeouts into HTTP errors. It is an interceptor rather than a filter, so that the
 * application's own filters still apply.
 */
@Injectable()
export class HttpErrorsInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => throwError(() => httpErrorOf(error))));
  }
}

/** The body is Nest's usual error body plus the name of the field. */
function httpErrorOf(error: unknown): unknown {
  if (error instanceof ReadTimeoutError)
    return new ServiceUnavailableException(error.message, { cause: error });
  if (!(error instanceof InvalidArgumentError)) return error;
  const { message, argument: field } = error;
  return new BadRequestException({ statusCode: 400, error: 'Bad Request', message, field }, { cause: error });
}
