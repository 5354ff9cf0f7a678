import { Injectable } from '@nestjs/common';
import { ClsServiceManager } from 'nestjs-cls';
import { AuditContextError } from '../audit.errors.js';
import { type AuditMetadata, MAX_ACTOR_LENGTH } from '../audit.options.js';
import { currentRequest } from './request-context.js';
import { unstorableIn } from './unstorable.js';

const STATE = Symbol.for('nestjs-typeorm-audit:context');

/** Who writes, why, and what else is known of it. */
export interface AuditContextValues {
  /** At most 255 characters; null for nobody, whatever the request says. */
  actor?: string | null;
  /** At most 255 characters. */
  reason?: string | null;
  /** Stored as JSON, on top of what an outer context and the request have. */
  context?: AuditMetadata;
}

/** What holds for the code that runs now; the same object for as long as nothing changes it. */
export interface AuditContextState extends AuditContextValues {
  /** False inside `without()`. */
  recording: boolean;
}

/**
 * Says who writes and why, where no request does: queues, cron, scripts, tests.
 *
 * It lives in the async context (nestjs-cls), so that concurrent requests and jobs don't see each other's.
 */
@Injectable()
export class AuditContext {
  private readonly cls = ClsServiceManager.getClsService<{ [STATE]: AuditContextState }>();

  /**
   * Runs a function whose writes have this actor, reason and context. Nested runs add to the outer one, which
   * holds again afterwards, after an exception too.
   *
   * When a value can't be stored, the function is not called and the result is a promise that rejects with an
   * AuditContextError. Await the result, of a synchronous function too.
   *
   * @returns what the function returns
   * @example await context.run({ actor: 'nightly-import', reason: 'price list 2026-11' }, () => prices.save(list));
   */
  run<T>(values: AuditContextValues, fn: () => T): T {
    let state: AuditContextState;
    try {
      state = merge(this.state(), values);
    } catch (error) {
      if (!(error instanceof AuditContextError)) throw error;
      // Writes are asynchronous, so fn nearly always returns a promise. Whether this one does is only known by calling
      // it, and callers handle the failure of a promise with catch().
      return Promise.reject(error) as T;
    }
    return this.runState(state, fn);
  }

  /**
   * Changes the actor, reason or context for the rest of the request or `run()`.
   *
   * @throws AuditContextError outside of both, or when a value can't be stored
   * @example context.set({ reason: dto.reason });
   */
  set(values: AuditContextValues): void {
    if (!this.cls.isActive())
      throw new AuditContextError(
        'AuditContext.set() was called outside of a request and of AuditContext.run(). Use run() around the writes.',
      );
    this.cls.set(STATE, merge(this.state(), values));
  }

  /**
   * Runs a function whose writes leave no history. `AuditMaintenance.verify()` will find them.
   *
   * @returns what the function returns
   * @example await context.without(() => sessions.delete({ expired: true }));
   */
  without<T>(fn: () => T): T {
    return this.runState({ ...this.state(), recording: false }, fn);
  }

  /** What holds now; undefined where nothing was said. */
  state(): AuditContextState | undefined {
    return this.cls.get()?.[STATE];
  }

  /** The request in whose course the code runs, if any: what `actor` and `context` of the options are given. */
  request(): unknown {
    return currentRequest()?.request;
  }

  private runState<T>(state: AuditContextState, fn: () => T): T {
    return this.cls.run({ ifNested: 'inherit' }, () => {
      this.cls.set(STATE, state);
      return fn();
    });
  }
}

function merge(outer: AuditContextState | undefined, values: AuditContextValues): AuditContextState {
  assertStorable('actor', values.actor);
  assertStorable('reason', values.reason);
  const context = values.context && { ...outer?.context, ...values.context };
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return { recording: true, ...outer, ...given, ...(context && { context }) };
}

/** @throws AuditContextError unless it is null, undefined or a string that fits its column */
export function assertStorable(
  name: 'actor' | 'reason',
  value: unknown,
): asserts value is string | null | undefined {
  if (value === null || value === undefined) return;
  if (typeof value !== 'string')
    throw new AuditContextError(`The ${name} of a write must be a string or null, got ${typeof value}.`);
  if (value.length > MAX_ACTOR_LENGTH)
    throw new AuditContextError(
      `The ${name} of a write must have at most ${MAX_ACTOR_LENGTH} characters, got ${value.length}: "${value.slice(0, 40)}…". Shorten it.`,
    );
  const unstorable = unstorableIn(value);
  if (unstorable !== undefined)
    throw new AuditContextError(
      `The ${name} of a write has the character ${unstorable}, which a database can't store as text. Remove it.`,
    );
}
