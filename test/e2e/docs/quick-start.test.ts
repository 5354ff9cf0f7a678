import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { ExamplesFolder, fileName, QUICK_START, README, spyOnPrints } from '../../support/docs/examples.js';
import { documentation, pageAt, ROOT, tablesIn } from '../../support/docs/pages.js';

// The quick start of the README, file by file.

let folder: ExamplesFolder;
let app: INestApplication;
let printed: readonly string[];
beforeAll(async () => {
  folder = await ExamplesFolder.create();
  const { AppModule } = (await import(folder.fileOf(QUICK_START.at(-1)!))) as { AppModule: Type };
  const { lines, restore } = spyOnPrints();
  app = await NestFactory.create(AppModule, { logger: ['error'], abortOnError: false });
  await app.init();
  restore();
  printed = lines;
});
afterAll(async () => {
  await app.close();
  await folder.remove();
});

it('has an entity, a service and a module', () => {
  expect(QUICK_START.map(fileName)).toEqual([
    'src/reservation.entity.ts',
    'src/reservation.service.ts',
    'src/app.module.ts',
  ]);
});

it('prints what it says', () => {
  const [output] = QUICK_START.at(-1)!.followers;
  expect(output.language).toBe('text');
  expect(printed.join('\n')).toBe(output.code.trimEnd());
});

it('leaves the revisions that the page on the revision table shows', async () => {
  const [[columns, ...rows]] = tablesIn(pageAt('docs/revision-table.md').text);
  const shown = await app
    .get(DataSource)
    .query<Record<string, string | number | null>[]>(
      `SELECT ${columns.join(', ')} FROM reservation_rev ORDER BY rev_version`,
    );
  const cell = (column: string, value: string | number | null): string =>
    column === 'rev_isdelete' ? String(Boolean(value)) : String(value ?? '');
  expect(rows).toEqual(shown.map((row) => columns.map((column) => cell(column, row[column]))));
});

it('is installed with what the package needs, by scripts that are there', async () => {
  const { peerDependencies, peerDependenciesMeta, scripts } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<'peerDependencies' | 'peerDependenciesMeta' | 'scripts', Record<string, unknown>>;
  const installed = README.blocks
    .filter(({ language }) => language === 'bash')
    .flatMap(({ code }) => code.trim().split('\n'))
    .find((command) => /^npm install \S/.test(command))!
    .split(' ')
    .slice(2);
  const inNewApplications = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
  const needed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]);
  expect([...inNewApplications, ...installed]).toEqual(expect.arrayContaining(needed));

  const texts = [...documentation(), pageAt('CONTRIBUTING.md')].map(({ text }) => text).join('\n');
  const run = [...texts.matchAll(/npm (?:run ([\w:]+)|(start|test))/g)].map(
    ([, script, own]) => script ?? own,
  );
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(run));
});
