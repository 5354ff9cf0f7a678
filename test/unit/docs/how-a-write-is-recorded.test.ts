import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { pageAt, ROOT } from '../../support/docs/pages.js';

const ROOMS = 'attach-capture|orm-engine|intercept|rows|writer|unit|tables|write';

it('how-a-write-is-recorded.md names files that are there', () => {
  const { text } = pageAt('docs/how-a-write-is-recorded.md');
  const named = [...text.matchAll(new RegExp(`\\b(?:${ROOMS})/[a-z-]+`, 'g'))].map(([name]) => name);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !existsSync(join(ROOT, `src/capture/${name}.ts`)))).toEqual([]);
});
