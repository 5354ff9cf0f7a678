import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A page of the documentation, by its path from the root of the repository. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** A fenced block. */
export interface Block {
  readonly language: string;
  readonly code: string;
  readonly line: number;
  /** The blocks between this TypeScript and the next: what it prints, or answers. */
  readonly followers: Block[];
}

/** The README and every page in docs/. */
export function documentation(): Page[] {
  const names = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...names.sort().map((name) => `docs/${name}`)].map(pageAt);
}

export function pageAt(path: string): Page {
  const text = existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '';
  return { path, text, blocks: blocksOf(text) };
}

function blocksOf(markdown: string): Block[] {
  const all: Block[] = [];
  for (const match of markdown.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)) {
    const line = markdown.slice(0, match.index).split('\n').length;
    const block = { language: match[1], code: match[2], line, followers: [] };
    if (block.language !== 'ts') all.findLast(({ language }) => language === 'ts')?.followers.push(block);
    all.push(block);
  }
  return all;
}

/** The rows of the table whose first column has this title, without its head. */
export function rowsOf({ path, text }: Page, title: string): string[][] {
  const table = tablesIn(text).find(([head]) => head[0] === title);
  if (!table) throw new Error(`${path} has no table whose first column is "${title}".`);
  return table.slice(1);
}

/** All tables, each with its head as the first row. */
export function tablesIn(markdown: string): string[][][] {
  return [...markdown.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
    table
      .trimEnd()
      .split('\n')
      .filter((_, at) => at !== 1)
      .map(cellsOf),
  );
}

function cellsOf(row: string): string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** The text outside of fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}

/** The anchors of its headings, as GitHub makes them. */
export function anchorsOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

/** The targets of its links. */
export function linksOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}
