import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const MOST_FILES = 15;

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
const files = filesIn('src');

/** The files of ours that a file imports, types included. */
function importsOf(file: string): string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+)\.js'/g);
  return [...specifiers].map(([, specifier]) => `${join(dirname(file), specifier)}.ts`);
}

/** A circle of imports, as the files on it; undefined if there is none. */
function circleOf(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const imported of imports.get(file) ?? []) {
      const circle = visit(imported, [...way, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

it(`no folder of src or test has more than ${MOST_FILES} files`, () => {
  const counts = new Map<string, number>();
  for (const file of [...files, ...filesIn('test')])
    counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
});

it('no files of src import each other in a circle, types included', () => {
  const circle = circleOf(new Map(files.map((file) => [file, importsOf(file)])));
  expect(circle?.map((file) => relative(root, file))).toBeUndefined();
});

it('finds a circle where there is one', () => {
  const imports = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
  ]);
  expect(circleOf(imports)).toEqual(['b', 'c', 'b']);
});

// Error texts and the list of drivers that the library supports are in audit.errors.ts.
const KNOW_DATABASES = ['src/dialect', 'src/typeorm', 'src/audit.errors.ts'];
const DATABASE_KNOWLEDGE =
  /\boptions\.type\b|(?:postgres|mysql|mariadb|sqlite|sqljs|innodb|oracle|mssql)\w*|\b(?:LIMIT|LATERAL|FOR UPDATE|ON CONFLICT|STRAIGHT_JOIN)\b|@@\w+|\bctid\b/;

/** What a text says of databases outside of its comments. */
function databaseKnowledge(text: string): string | undefined {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return DATABASE_KNOWLEDGE.exec(code)?.[0];
}

it('only dialect/ and typeorm/ know databases', () => {
  const knowing = files
    .map((file) => [relative(root, file), databaseKnowledge(readFileSync(file, 'utf8'))] as const)
    .filter(
      ([file, found]) => found !== undefined && !KNOW_DATABASES.some((known) => file.startsWith(known)),
    );
  expect(knowing).toEqual([]);
});

it('finds the name of a database, and SQL that not all databases have', () => {
  expect(databaseKnowledge(`if (name === 'mariadb') …`)).toBe('mariadb');
  expect(databaseKnowledge('`SELECT 1 LIMIT 1`')).toBe('LIMIT');
  expect(databaseKnowledge('// PostgreSQL has LIMIT\n/** mysql */ limit(1)')).toBeUndefined();
});
