import { Injectable, Logger } from '@nestjs/common';
import { concat, defer, ignoreElements, mergeMap, Observable, throwError } from 'rxjs';
import { catchError } from 'rxjs/operators';
import { AuditConfigurationError } from '../audit.errors.js';
import { type NamedAction } from './audit-action.decorator.js';

/** The end of a handler's call. */
export interface Outcome {
  readonly action: string;
  readonly outcome: 'success' | 'failure' | 'denied' | 'cancelled';
  /** For an error its class, and its HTTP status if it has one. */
  readonly details: { readonly error: string; readonly status?: number } | null;
}

/** Records the end of a call in one data source. */
export type OutcomeLog = (outcome: Outcome) => Promise<void>;

const DEFAULT = 'default';

/** Records how handlers with `@AuditAction(name, { outcome: true })` end. */
@Injectable()
export class Outcomes {
  private readonly logger = new Logger('AuditModule');
  private readonly logs = new Map<string, OutcomeLog>();

  /** @param dataSource the name of the data source in `@nestjs/typeorm` */
  add(dataSource: string | undefined, log: OutcomeLog): void {
    this.logs.set(dataSource ?? DEFAULT, log);
  }

  /**
   * The values of a handler, which end when its outcome has been recorded. An error of the recording ends the call of a
   * handler that had succeeded. After an error of the handler it is logged, and the handler's own error goes on.
   *
   * @throws AuditConfigurationError when the action's data source is not audited
   */
  recorded(action: NamedAction, call: () => Observable<unknown>): Observable<unknown> {
    const log = this.logOf(action);
    const record = (outcome: Outcome['outcome'], details: Outcome['details'] = null): Promise<void> =>
      log({ action: action.name, outcome, details });
    const recordOrLog = (outcome: Outcome['outcome'], details?: Outcome['details']): Promise<void> =>
      record(outcome, details).catch((error: unknown) =>
        this.logger.error(`The outcome "${outcome}" of ${action.name} could not be recorded.`, error),
      );
    const failed = defer(call).pipe(
      catchError((error: unknown) => {
        const details = detailsOf(error);
        const isDenied = details.status === 401 || details.status === 403;
        return defer(() => recordOrLog(isDenied ? 'denied' : 'failure', details)).pipe(
          mergeMap(() => throwError(() => error)),
        );
      }),
    );
    return new Observable((subscriber) => {
      let hasEnded = false;
      const ended = concat(
        failed,
        defer(() => {
          hasEnded = true;
          return record('success');
        }).pipe(ignoreElements()),
      );
      const subscription = ended.subscribe({
        next: (value) => subscriber.next(value),
        error: (error: unknown) => {
          hasEnded = true;
          subscriber.error(error);
        },
        complete: () => subscriber.complete(),
      });
      return () => {
        // The reader of a stream has left.
        if (!hasEnded) void recordOrLog('cancelled');
        subscription.unsubscribe();
      };
    });
  }

  private logOf({ name, dataSource }: NamedAction): OutcomeLog {
    const sole = this.logs.size === 1 ? [...this.logs.values()][0] : undefined;
    const log = dataSource === undefined ? (this.logs.get(DEFAULT) ?? sole) : this.logs.get(dataSource);
    if (log) return log;
    throw new AuditConfigurationError(
      `The outcome of ${name} can't be recorded: the data source ${dataSource ?? DEFAULT} is not audited. Give ` +
        `@AuditAction() the dataSource of an AuditModule; there are ${[...this.logs.keys()].join(', ') || 'none'}.`,
    );
  }
}

// The message may hold what the caller has sent.
function detailsOf(error: unknown): NonNullable<Outcome['details']> {
  const name = error instanceof Error ? error.constructor.name : typeof error;
  const { getStatus } = (error ?? {}) as { getStatus?: unknown };
  const status: unknown = typeof getStatus === 'function' ? getStatus.call(error) : undefined;
  return typeof status === 'number' ? { error: name, status } : { error: name };
}
