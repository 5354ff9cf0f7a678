import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bindStatement, compileStatement } from '../../../src/dialect/run/statement.js';

const numbered = {
  run: { placeholder: (n: number) => `$${n}`, numbersParameters: true, quoted: '"[^"]*"' },
};
const inOrder = { run: { placeholder: () => '?', numbersParameters: false, quoted: '`[^`]*`' } };

describe('a compiled statement', () => {
  it('names a parameter once where they are numbered', () => {
    const statement = compileStatement(numbered, 'SELECT {{a}}, {{b}}, {{a}}');
    expect(statement).toEqual({ text: 'SELECT $1, $2, $1', parameters: ['a', 'b'], name: undefined });
    expect(bindStatement(statement, { a: 'A', b: 'B', c: 'C' })).toEqual(['A', 'B']);
  });

  it('names a parameter as often as it stands there where they are not', () => {
    const statement = compileStatement(inOrder, 'SELECT {{a}}, {{b}}, {{a}}');
    expect(statement).toMatchObject({ text: 'SELECT ?, ?, ?', parameters: ['a', 'b', 'a'] });
    expect(bindStatement(statement, { a: 'A', b: 'B' })).toEqual(['A', 'B', 'A']);
  });

  it('leaves quoted names alone, whatever they are', () => {
    expect(compileStatement(numbered, 'SELECT "{{a}}", {{a}}').text).toBe('SELECT "{{a}}", $1');
    expect(compileStatement(inOrder, 'SELECT `{{a}}`, {{a}}').text).toBe('SELECT `{{a}}`, ?');
  });

  it('has a name to be prepared under, which is that of its text', () => {
    const name = (template: string) => compileStatement(numbered, template, true).name;
    expect(name('SELECT {{a}}')).toMatch(/^audit_[\da-f]{32}$/);
    expect(name('SELECT {{a}}')).toBe(name('SELECT {{b}}'));
    expect(name('SELECT {{a}}')).not.toBe(name('SELECT {{a}}, 1'));
  });

  it('puts each value where its name stood', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(names, (given) => {
        const template = given.map((name) => `{{${name}}}`).join(' ');
        const values = { a: 1, b: 2, c: 3, d: 4 };
        const wanted = given.map((name) => values[name]);
        for (const dialect of [numbered, inOrder]) {
          const statement = compileStatement(dialect, template);
          const bound = bindStatement(statement, values);
          let next = 0;
          const placed = [...statement.text.matchAll(/\$(\d+)|\?/g)].map(
            ([, n]) => bound[n ? Number(n) - 1 : next++],
          );
          expect(placed).toEqual(wanted);
        }
      }),
    );
  });
});
