import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as library from 'nestjs-typeorm-audit';
import ts from 'typescript';
import { REVISION_COLUMNS } from '../../../src/revision/revision-columns.js';
import { pageAt, ROOT, rowsOf } from '../../support/docs/pages.js';

interface Option {
  readonly name: string;
  /** What its comment says is the default. */
  readonly value?: string;
}

describe('the tables of the documentation', () => {
  it('have the columns of a revision table', () => {
    const names = rowsOf(pageAt('docs/revision-table.md'), 'column').map(([name]) => name);
    expect(names).toEqual([
      ...Object.values(REVISION_COLUMNS).map((name) => `\`${name}\``),
      'every column of the audited table',
    ]);
  });

  it.each([
    ['docs/options.md', 'option', 'src/audit.options.ts', ['AuditOptions', 'AuditModuleShape']],
    ['docs/options.md', 'option of `endpoints`', 'src/audit.options.ts', ['EndpointOptions']],
    ['docs/options.md', 'option of `@Audited()`', 'src/audited/marks/audited-options.ts', ['AuditedOptions']],
    [
      'docs/reading-history.md',
      'option of `timeline`',
      'src/history/types/timeline.ts src/history/types/page.ts src/history/types/filters.ts',
      ['TimelineOptions', 'PageOptions', 'RevisionFilters'],
    ],
    ['docs/words.md', 'option of `describe`', 'src/history/types/describe.ts', ['DescribeOptions']],
    [
      'docs/reading-history.md',
      'option of `feed`',
      'src/history/types/feed.ts src/history/types/filters.ts src/history/types/page.ts',
      ['FeedOptions', 'RevisionFilters', 'PageOptions'],
    ],
  ])('of %s have each %s, with its default', (page, title, file, interfaces) => {
    const options = optionsIn(file, interfaces);
    const rows = rowsOf(pageAt(page), title).flatMap(([names, value]) =>
      names.split(', ').map((name) => [name, value]),
    );
    expect(rows.map(([name]) => name).sort()).toEqual(options.map(({ name }) => `\`${name}\``).sort());
    for (const { name, value } of options.filter(({ value }) => isLiteral(value)))
      expect(rows).toContainEqual([`\`${name}\``, `\`${value}\``]);
  });

  it('have every error', () => {
    const errors = Object.entries(library)
      .filter(([, value]) => typeof value === 'function' && value.prototype instanceof library.AuditError)
      .map(([name]) => `\`${name}\``);
    const shown = rowsOf(pageAt('docs/errors.md'), 'error').flatMap(([names]) => names.split(', '));
    expect(shown.sort()).toEqual(errors.sort());
  });
});

function isLiteral(value: string | undefined): boolean {
  return value !== undefined && /^('.*'|\d+|true|false|\[\])$/.test(value);
}

/** The properties of interfaces in some files. */
function optionsIn(files: string, interfaces: readonly string[]): Option[] {
  const declared = files
    .split(' ')
    .flatMap((file) => [
      ...ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.ES2022, true)
        .statements,
    ])
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => interfaces.includes(name.text));
  expect(declared).toHaveLength(interfaces.length);
  return declared
    .flatMap(({ members }) => members.filter(ts.isPropertySignature))
    .map((option) => {
      const tag = ts.getJSDocTags(option).find(({ tagName }) => tagName.text === 'default');
      return { name: option.name.getText(), value: ts.getTextOfJSDocComment(tag?.comment) };
    });
}
