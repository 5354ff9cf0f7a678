import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { anchorsOf, documentation, linksOf, pageAt, ROOT } from '../../support/docs/pages.js';

const pages = [...documentation(), ...['CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md'].map(pageAt)];

describe('the links', () => {
  it.each(pages.map((page) => [page.path, page] as const))('of %s lead somewhere', (path, page) => {
    const broken = linksOf(page).filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [file, anchor] = target.split('#');
      const linked = file ? posix.join(dirname(path), file) : path;
      if (!existsSync(join(ROOT, linked))) return true;
      return anchor !== undefined && !anchorsOf(pageAt(linked)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('of the index name every page', () => {
    const indexed = linksOf(pageAt('docs/README.md')).map((target) => posix.join('docs', target));
    const written = documentation().map(({ path }) => path);
    expect(indexed).toEqual(expect.arrayContaining(written.filter((path) => path !== 'docs/README.md')));
  });
});

it('has a README of under 300 lines', () => {
  expect(pageAt('README.md').text.split('\n').length).toBeLessThan(300);
});
