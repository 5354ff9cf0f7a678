import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

interface Message {
  /** With `{}` for each expression in it. */
  readonly text: string;
  readonly at: string;
  /** The class that it is an argument of, if it is made an error right there. */
  readonly error?: string;
}

const messages = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .flatMap((entry) => messagesOf(join(entry.parentPath, entry.name)));

/** The strings of a source file that have words, each as a whole where it is put together with `+`. */
function messagesOf(file: string, source = readFileSync(file, 'utf8')): Message[] {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Message[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text === undefined) return ts.forEachChild(node, visit);
    const line = parsed.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    if (/[a-z] [a-z]/i.test(text))
      found.push({ text, at: `${relative(root, file)}:${line}`, error: errorOf(node) });
    for (const expression of expressionsIn(node)) visit(expression);
  };
  visit(parsed);
  return found;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression);
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('');
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : (left ?? '{}') + (right ?? '{}');
}

// They may have messages in them.
function expressionsIn(node: ts.Node): ts.Node[] {
  if (ts.isParenthesizedExpression(node)) return expressionsIn(node.expression);
  if (ts.isTemplateExpression(node)) return node.templateSpans.map(({ expression }) => expression);
  if (ts.isBinaryExpression(node)) return [node.left, node.right].flatMap(expressionsIn);
  return ts.isStringLiteralLike(node) ? [] : [node];
}

/** 'InvalidArgumentError' for the last argument of it that is a text; for super() the class that it is called in. */
function errorOf(node: ts.Node): string | undefined {
  const { parent } = node;
  if (!parent || !(ts.isNewExpression(parent) || ts.isCallExpression(parent))) return undefined;
  if (parent.arguments?.filter((argument) => textOf(argument) !== undefined).at(-1) !== node)
    return undefined;
  const name =
    parent.expression.kind === ts.SyntaxKind.SuperKeyword
      ? ts.findAncestor(parent, ts.isClassDeclaration)?.name?.text
      : parent.expression.getText();
  return name?.endsWith('Error') ? name : undefined;
}

function wrong(isWrong: (message: Message) => boolean, among: readonly Message[] = messages): string[] {
  return among.filter(isWrong).map(({ at, text }) => `${at} ${text}`);
}

it('finds the messages of src', () => {
  expect(messages.filter(({ error }) => error).length).toBeGreaterThan(80);
});

it('no message says "is no …", "is neither …" or "…, and not …"', () => {
  const isPuzzle = ({ text }: Message): boolean =>
    /\b(is|are) no\b(?! longer)|, and not\b|\bis neither\b/.test(text);
  expect(wrong(isPuzzle)).toEqual([]);
  const sample =
    "f('it is no integer', `${'x is text, and not ' + y}`, 'it is not there', 'it is no longer there');";
  expect(wrong(isPuzzle, messagesOf('sample.ts', sample))).toEqual([
    'sample.ts:1 it is no integer',
    'sample.ts:1 x is text, and not {}',
  ]);
});

it('the message of an error is one or more sentences', () => {
  expect(wrong(({ error, text }) => error !== undefined && !/([.?:)]|\{\})$/.test(text))).toEqual([]);
});

it('the problem with an argument goes on from its name', () => {
  expect(
    wrong(({ error, text }) => error === 'InvalidArgumentError' && !/^(\{\} )?[a-z]/.test(text)),
  ).toEqual([]);
});

it('a message that says what a value must be says what it got', () => {
  const isHalf = ({ error, text }: Message): boolean =>
    error !== undefined &&
    /\bmust be (an? (integer|string|number|valid)|one of|true|')/.test(text) &&
    !/\bgot\b/.test(text);
  expect(wrong(isHalf)).toEqual([]);
});
