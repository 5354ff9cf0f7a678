import { Injectable } from '@nestjs/common';
import { ClsServiceManager } from 'nestjs-cls';
import { AuditContextError, InvalidArgumentError } from '../audit.errors.js';
import { type AuditMetadata, MAX_ACTOR_LENGTH } from '../audit.options.js';
import { assertOptions, type OptionNames } from '../option-names.js';
import { currentRequest } from './request-context.js';
import { unstorableIn } from './unstorable.js';

const STATE = Symbol.for('nestjs-typeorm-audit:context');

/** A text of the context, which has at most 255 characters. */
export type ContextText = 'actor' | 'reason' | 'onBehalf' | 'action' | 'request';

/**
 * Who writes, why, and other metadata. Undefined keeps the value of the outer context or the request; null and blank text
 * stand for none.
 */
export interface AuditContextValues {
  /** Who writes, at most 255 characters; null for nobody, even in a request with a user. */
  actor?: string | null;
  /** Why, at most 255 characters. */
  reason?: string | null;
  /** Who is acted for, at most 255 characters; null for nobody, even in a request that names somebody. */
  onBehalf?: string | null;
  /** What is done, by name, at most 255 characters: `order.cancel`; null for none, even under `@AuditAction()`. */
  action?: string | null;
  /** Metadata, stored as JSON. Its properties go on top of those of the outer context and the request. */
  context?: AuditMetadata;
}

/** The context of the running code. It stays the same object until the context changes. */
export interface AuditContextState extends AuditContextValues {
  /** Whether writes are recorded; false inside `without()`. */
  recording: boolean;
}

// The result of state() may be passed on too.
const VALUES: OptionNames<AuditContextState> = {
  actor: true,
  reason: true,
  onBehalf: true,
  action: true,
  context: true,
  recording: true,
};

/**
 * Sets who writes and why, outside of requests: in queues, cron, scripts, tests.
 *
 * The values live in the async context (nestjs-cls), so concurrent requests and jobs don't see each other's values.
 */
@Injectable()
export class AuditContext {
  private readonly cls = ClsServiceManager.getClsService<{ [STATE]: AuditContextState }>();

  /**
   * Runs a function whose writes have this actor, reason, action and context. A nested run adds its values to the outer ones.
   * Afterwards the outer values hold again, also after an exception.
   *
   * When a value can't be stored, the function is not called, and the result is a promise that rejects with an
   * AuditContextError, or with an InvalidArgumentError for a value of another name. So await the result of a
   * synchronous function too.
   *
   * @returns the function's result
   * @example await context.run({ actor: 'nightly-import', reason: 'price list 2026-11' }, () => prices.save(list));
   */
  run<T>(values: AuditContextValues, fn: () => T): T {
    let state: AuditContextState;
    try {
      state = merge(this.state(), values);
    } catch (error) {
      if (!(error instanceof AuditContextError || error instanceof InvalidArgumentError)) throw error;
      // fn nearly always returns a promise, because writes are asynchronous. Callers handle its failure with catch(),
      // so this failure is a promise too.
      return Promise.reject(error) as T;
    }
    return this.runState(state, fn);
  }

  /**
   * Changes the actor, reason, action or context for the rest of the request or `run()`.
   *
   * @throws AuditContextError when called outside of a request and `run()`, or when a value can't be stored
   * @throws InvalidArgumentError 'values', for a value of another name
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
   * Runs a function whose writes are not recorded. Each leaves an event `audit.skipped`, as the option `skips` says, and
   * `AuditMaintenance.verify()` finds the rows.
   *
   * @returns the function's result
   * @example await context.without(() => sessions.delete({ expired: true }));
   */
  without<T>(fn: () => T): T {
    return this.runState({ ...this.state(), recording: false }, fn);
  }

  /** The context of the running code; undefined if nothing has set one. */
  state(): AuditContextState | undefined {
    return this.cls.get()?.[STATE];
  }

  /** The request that the running code belongs to, as the options `actor` and `context` get it; undefined outside. */
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
  assertOptions('values', values, VALUES);
  assertStorable('actor', values.actor);
  assertStorable('reason', values.reason);
  assertStorable('onBehalf', values.onBehalf);
  assertStorable('action', values.action);
  const context = values.context && { ...outer?.context, ...values.context };
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return { recording: true, ...outer, ...given, ...(context && { context }) };
}

/** @throws AuditContextError unless the value is null, undefined or a string that fits its column */
export function assertStorable(
  name: ContextText,
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
