import { type ExecutionContext } from '@nestjs/common';
import { CLS_CTX, CLS_REQ, ClsServiceManager, type ClsStore } from 'nestjs-cls';
import { rawRequestOf, requestOf, type RequestOrigin } from './request-of.js';
import { storeMaps } from './store-maps.js';

const REQUEST = Symbol.for('nestjs-typeorm-audit:request');
const EXECUTION = Symbol.for('nestjs-typeorm-audit:execution');
const APPLICATION = Symbol.for('nestjs-typeorm-audit:application');

const cls = ClsServiceManager.getClsService();

/** A request or message, and its transport. */
export interface CurrentRequest {
  /** Undefined for a message of a transport without a request object. */
  readonly request: unknown;
  readonly origin: RequestOrigin;
}

/** The request or message that the running code belongs to; undefined in jobs, scripts and at start. */
export function currentRequest(): CurrentRequest | undefined {
  const store = cls.get() as ClsStore | undefined;
  if (!store) return undefined;
  // The guards' request comes first: on Fastify, guards put the user on Fastify's request, which wraps the raw one.
  const executionContext = (store[EXECUTION] ?? store[CLS_CTX]) as ExecutionContext | undefined;
  const request: unknown =
    store[REQUEST] ?? (executionContext && requestOf(executionContext)) ?? store[CLS_REQ];
  if (!executionContext && request === undefined) return undefined;
  return { request, origin: { transport: executionContext?.getType<string>() ?? 'http', executionContext } };
}

/** The AuditContext of the application that handles the request. Each application has one. */
export function currentApplication(): object | undefined {
  return (cls.get() as ClsStore | undefined)?.[APPLICATION] as object | undefined;
}

/** nestjs-cls's id of the request, if the application lets it generate one. */
export function currentRequestId(): string | undefined {
  return cls.getId();
}

/** Runs the rest of an HTTP request in the context that the application has opened for it, or else in a new one. */
export function inContextOfRaw<T>(raw: object, fn: () => T, application?: object): T {
  const maps = storeMaps();
  const known = maps.map((map) => map.getByRaw(raw));
  if (isOpenFor(raw, known)) {
    cls.setIfUndefined(CLS_REQ, raw);
    cls.set(APPLICATION, application);
    return fn();
  }
  return cls.run({ ifNested: 'inherit' }, () => {
    // The copy of the open context keeps the application's values, but not the other request.
    cls.set(REQUEST, undefined);
    cls.set(EXECUTION, undefined);
    cls.set(CLS_CTX, undefined);
    cls.set(CLS_REQ, raw);
    cls.set(APPLICATION, application);
    for (const map of maps) map.setByRaw(raw, cls.get());
    return fn();
  });
}

/** Runs a handler in the context of its request or message, or else in a new one. */
export function inContextOf<T>(context: ExecutionContext, fn: () => T, application?: object): T {
  const request = requestOf(context);
  const maps = storeMaps();
  const known = maps.map((map): ClsStore | undefined => map.get(context));
  if (isOpenFor(rawRequestOf(request), known)) {
    cls.set(REQUEST, request);
    cls.set(EXECUTION, context);
    cls.set(APPLICATION, application);
    return fn();
  }
  const store: ClsStore = cls.isActive()
    ? Object.assign({}, ...known, cls.get())
    : (known.find(Boolean) ?? {});
  store[REQUEST] = request;
  store[EXECUTION] = context;
  store[APPLICATION] = application;
  // nestjs-cls's own interceptor may come next, and finds the context there. A custom transport may have no context
  // object, and a WeakMap takes objects only.
  if (typeof request === 'object' && request) for (const map of maps) map.set(context, store);
  return cls.runWith(store, fn);
}

/**
 * Whether the open context is the request's, or a copy of it. It may also be the context of the code that started the
 * server. We must not write to that context, or requests would see each other's values.
 */
function isOpenFor(raw: unknown, known: (ClsStore | undefined)[]): boolean {
  const store = cls.get() as ClsStore | undefined;
  return !!store && (known.includes(store) || (!!raw && store[CLS_REQ] === raw));
}
