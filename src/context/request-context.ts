import { type ExecutionContext } from '@nestjs/common';
import { CLS_CTX, CLS_REQ, ClsServiceManager, type ClsStore } from 'nestjs-cls';
import { rawRequestOf, requestOf, type RequestOrigin } from './request-of.js';
import { storeMaps } from './store-maps.js';

const REQUEST = Symbol.for('nestjs-typeorm-audit:request');
const EXECUTION = Symbol.for('nestjs-typeorm-audit:execution');
const APPLICATION = Symbol.for('nestjs-typeorm-audit:application');

const cls = ClsServiceManager.getClsService();

/** A request, or a message, and where it came in. */
export interface CurrentRequest {
  /** Undefined for a message of a transport that has nothing that stands for the request. */
  readonly request: unknown;
  readonly origin: RequestOrigin;
}

/** The request or message in whose course the code runs; undefined in jobs, scripts and at start. */
export function currentRequest(): CurrentRequest | undefined {
  const store = cls.get() as ClsStore | undefined;
  if (!store) return undefined;
  // What guards have seen comes first: on Fastify they put the user on the request that has the raw one inside.
  const executionContext = (store[EXECUTION] ?? store[CLS_CTX]) as ExecutionContext | undefined;
  const request: unknown =
    store[REQUEST] ?? (executionContext && requestOf(executionContext)) ?? store[CLS_REQ];
  if (!executionContext && request === undefined) return undefined;
  return { request, origin: { transport: executionContext?.getType<string>() ?? 'http', executionContext } };
}

/** What stands for the application that handles the request: its AuditContext, of which it has one. */
export function currentApplication(): object | undefined {
  return (cls.get() as ClsStore | undefined)?.[APPLICATION] as object | undefined;
}

/** The id that nestjs-cls has for the request, if the application lets it make one. */
export function currentRequestId(): string | undefined {
  return cls.getId();
}

/** Runs the rest of an HTTP request in a context of its own, or in the one that the application has opened for it. */
export function inContextOfRaw<T>(raw: object, fn: () => T, application?: object): T {
  const maps = storeMaps();
  const known = maps.map((map) => map.getByRaw(raw));
  if (isOpenFor(raw, known)) {
    cls.setIfUndefined(CLS_REQ, raw);
    cls.set(APPLICATION, application);
    return fn();
  }
  return cls.run({ ifNested: 'inherit' }, () => {
    // The copy of a context that was open already has the values of the application, but its request is another.
    cls.set(REQUEST, undefined);
    cls.set(EXECUTION, undefined);
    cls.set(CLS_CTX, undefined);
    cls.set(CLS_REQ, raw);
    cls.set(APPLICATION, application);
    for (const map of maps) map.setByRaw(raw, cls.get());
    return fn();
  });
}

/** Runs a handler in the context of its request or message, and opens one where nobody has. */
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
  // It is found there by nestjs-cls, whose own interceptor may come next. A custom transport may have no context
  // object, and a WeakMap takes nothing else.
  if (typeof request === 'object' && request) for (const map of maps) map.set(context, store);
  return cls.runWith(store, fn);
}

/**
 * Whether the open context is that of the request, or a copy of it. Another one can be open too: that of the code
 * that started the server. It must not be written to, or requests would see each other's values.
 */
function isOpenFor(raw: unknown, known: (ClsStore | undefined)[]): boolean {
  const store = cls.get() as ClsStore | undefined;
  return !!store && (known.includes(store) || (!!raw && store[CLS_REQ] === raw));
}
