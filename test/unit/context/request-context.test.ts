import { expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { CLS_CTX, ClsServiceManager } from 'nestjs-cls';
import { currentRequest, inContextOf, inContextOfRaw } from '../../../src/context/request-context.js';

const cls = ClsServiceManager.getClsService();

it('has the inner request where a handler makes one in the same process, and then the outer one again', () => {
  const outer = { url: '/outer' };
  const inner = { url: '/inner' };
  const handler = new ExecutionContextHost([{ raw: outer }]);
  const seen = inContextOfRaw(outer, () =>
    inContextOf(handler, () => {
      cls.set(CLS_CTX, handler);
      return [currentRequest(), inContextOfRaw(inner, currentRequest), currentRequest()];
    }),
  );
  const handled = { request: { raw: outer }, origin: { transport: 'http', executionContext: handler } };
  expect(seen).toEqual([
    handled,
    { request: inner, origin: { transport: 'http', executionContext: undefined } },
    handled,
  ]);
  expect(currentRequest()).toBeUndefined();
});
