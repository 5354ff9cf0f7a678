import { type AuditMetadata, type AuditOptions } from '../audit.options.js';
import {
  assertStorable,
  type AuditContext,
  type AuditContextState,
  type ContextText,
} from './audit-context.js';
import { fittingContext } from './fitting-context.js';
import { currentRequest, currentRequestId } from './request-context.js';
import { requestIdOf, requestMetadata } from './request-metadata.js';
import { actionOf } from './audit-action.decorator.js';
import { otherUserOf, userOf } from './request-user.js';

/** Actor, reason and metadata, as a revision stores them, and what its changeset stores beside the actor. */
export interface WriteContext {
  readonly actor: string | null;
  readonly reason: string | null;
  readonly context: AuditMetadata | null;
  /** Who is acted for. */
  readonly onBehalf: string | null;
  /** What is done, by name. */
  readonly action: string | null;
  /** The id of the request or trace. */
  readonly request: string | null;
}

/** Gives the context of a write, with the values of `run()` and `set()` at that time. @throws AuditContextError */
export type Who = (state: AuditContextState | undefined) => WriteContext;

/**
 * Calls the application's functions `actor`, `context`, `onBehalf` and `requestId` for the current request. The result
 * is a promise if one of them returns a promise: it may need the connection, which is busy while a write is recorded. An
 * error of a function is thrown only by a write that has something to record.
 */
export function whoWrites(context: AuditContext, options: AuditOptions): Who | Promise<Who> {
  const current = currentRequest();
  try {
    if (!current) return whoOf(options, { actor: outsideActor(context, options) });
    const { request, origin } = current;
    const action = actionOf(origin.executionContext);
    if (request === undefined || request === null) return whoOf(options, { action });
    const state = context.state();
    const asked: Asked = [
      // If run() or set() has named somebody, the call is unnecessary.
      state?.actor === undefined ? (options.actor ?? userOf)(request, origin) : undefined,
      options.context ? options.context(request, origin) : requestMetadata(request, currentRequestId()),
      state?.onBehalf === undefined ? (options.onBehalf ?? otherUserOf)(request, origin) : undefined,
      options.requestId ? options.requestId(request, origin) : requestIdOf(request, currentRequestId()),
    ];
    const who = ([actor, metadata, onBehalf, requestId]: Answered): Who =>
      whoOf(options, { actor, metadata, onBehalf, requestId, action });
    if (isAnswered(asked)) return who(asked);
    const [actor, metadata, onBehalf, requestId] = asked;
    return Promise.all([actor, metadata, onBehalf, requestId]).then(who, failing);
  } catch (error) {
    return failing(error);
  }
}

/** The context of a write that is recorded now. @throws AuditContextError */
export async function resolveContext(context: AuditContext, options: AuditOptions): Promise<WriteContext> {
  return (await whoWrites(context, options))(context.state());
}

type Told = string | number | null | undefined;

/** What the request tells of a write. */
interface Request {
  readonly actor?: Told;
  readonly metadata?: AuditMetadata | null;
  readonly onBehalf?: Told;
  readonly requestId?: Told;
  readonly action?: string;
}

/** Actor, metadata, other user and request id. */
type Answered = [Told, AuditMetadata | null | undefined, Told, Told];
type Late<T extends readonly unknown[]> = { [K in keyof T]: T[K] | Promise<T[K]> };
type Asked = Late<Answered>;

function whoOf(options: AuditOptions, request: Request): Who {
  return (state) => writeContext(options, state, request);
}

/** The option `defaultActor`, if neither a request nor `run()` names an actor. */
function outsideActor(context: AuditContext, { defaultActor }: AuditOptions): string | null | undefined {
  if (context.state()?.actor !== undefined) return undefined;
  return typeof defaultActor === 'function' ? defaultActor() : defaultActor;
}

function isAnswered(asked: Asked): asked is Answered {
  return asked.every((value) => typeof (value as PromiseLike<unknown> | undefined)?.then !== 'function');
}

function failing(error: unknown): Who {
  return () => {
    throw error;
  };
}

function writeContext(
  options: AuditOptions,
  state: AuditContextState | undefined,
  request: Request,
): WriteContext {
  const { metadata } = request;
  const context = metadata || state?.context ? { ...metadata, ...state?.context } : null;
  return {
    actor: textOf('actor', state?.actor !== undefined ? state.actor : request.actor),
    reason: textOf('reason', state?.reason),
    context: context && fittingContext(context, options.maxContextBytes),
    onBehalf: textOf('onBehalf', state?.onBehalf !== undefined ? state.onBehalf : request.onBehalf),
    action: textOf('action', state?.action !== undefined ? state.action : request.action),
    request: textOf('request', request.requestId),
  };
}

function textOf(name: ContextText, value: Told): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  assertStorable(name, text);
  // Blank text counts as none.
  return text?.trim() ? text : null;
}
