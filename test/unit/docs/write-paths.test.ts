import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { ROOT } from '../../support/docs/pages.js';
import { tablesOnPage, titleOf } from '../../support/docs/write-paths-page.js';
import { OUTCOMES } from '../../support/worlds/write-paths.js';

// docs/write-paths.md is written by `npm run coverage:paths`, which takes a while. Each suite of `describePaths()` looks
// whether it is on the page as it is. This compares the others, by the titles in their source.

const FOLDER = join(ROOT, 'test/e2e/write-paths');

/** A call in a test, `it('records …', …)` say, with the fixed parts of its title: those between its variables. */
interface Call {
  readonly called: string;
  readonly argument: string;
  readonly title: readonly string[];
}

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => ({ file, calls: callsIn(file) }));

const page = tablesOnPage();
const described = files.flatMap(({ calls }) =>
  calls.filter(({ called }) => called === 'describePaths').map(({ title }) => titleOf(title[0])),
);
const others = files.flatMap(({ file, calls }) => {
  const themes = calls.filter(isSuite).map(({ title }) => titleOf(title[1]));
  const names = calls.flatMap(({ called, title }) => (/^it\b/.test(called) ? (nameIn(title) ?? []) : []));
  return names.length > 0 && themes.length > 0 ? [{ file, themes, names }] : [];
});

describe('docs/write-paths.md', () => {
  it('has a table for each theme of the tests', () => {
    const themes = [...described, ...others.flatMap(({ themes }) => themes)];
    expect(themes).toEqual(expect.arrayContaining([...page.keys()]));
    expect([...page.keys()]).toEqual(expect.arrayContaining(described));
  });

  it.each(others.map((other) => [other.file, other] as const))(
    'has the paths of %s',
    (_, { themes, names }) => {
      const paths = themes.flatMap((theme) => [...(page.get(theme)?.keys() ?? [])]);
      expect(paths.filter((path) => !names.some((name) => name.test(path)))).toEqual([]);
      expect(names.filter((name) => !paths.some((path) => name.test(path)))).toEqual([]);
    },
  );
});

function callsIn(file: string): Call[] {
  const calls: Call[] = [];
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) ? partsOf(node.arguments[0]) : undefined;
    if (ts.isCallExpression(node) && title)
      calls.push({ called: node.expression.getText(), argument: node.arguments[0].getText(), title });
    ts.forEachChild(node, visit);
  };
  const text = readFileSync(join(FOLDER, file), 'utf8');
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return calls;
}

function partsOf(node: ts.Node | undefined): readonly string[] | undefined {
  if (!node) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text.split('%s');
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
}

/** Whether its title is that of a suite of write paths: `${SUITE}large writes`. */
function isSuite({ called, argument }: Call): boolean {
  return called.startsWith('describe') && argument.startsWith('`${SUITE}');
}

/** The name of a path from the title of its test, which begins with what becomes of it. */
function nameIn([first, ...others]: readonly string[]): RegExp | undefined {
  const { atomic: _, ...outcomes } = OUTCOMES;
  const outcome = Object.values(outcomes).find((beginning) => first.startsWith(`${beginning} `));
  if (!outcome) return undefined;
  return new RegExp(`^${[first.slice(outcome.length + 1), ...others].map(escaped).join('.+')}$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
