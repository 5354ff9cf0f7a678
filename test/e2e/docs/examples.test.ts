import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { HistoryService } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { DataSource } from 'typeorm';
import {
  type Example,
  ExamplesFolder,
  examplesOf,
  type Given,
  normalised,
  outputsIn,
  spyOnPrints,
  startedBy,
} from '../../support/docs/examples.js';
import { documentation, pageAt, rowsOf } from '../../support/docs/pages.js';

// All TypeScript of the README and of docs/ is compiled with its types and run. Each example runs on its own after the
// quick start, and what it shows as output has to be its output.

const pages = documentation();
// The code of docs/tasks.md is that of test/tasks/, and is run there.
const examples = examplesOf(pages.filter(({ path }) => path !== 'docs/tasks.md'));

let folder: ExamplesFolder;
let given: Given;
beforeAll(async () => {
  folder = await ExamplesFolder.create(examples);
  given = await folder.given();
});
afterAll(() => folder.remove());

it('type-check as strictly as the code of a new Nest application', () => {
  expect(folder.typeErrors(examples)).toEqual([]);
}, 60_000);

it('are in languages that a test knows, and in fences that it finds', () => {
  const languages = new Set(pages.flatMap(({ blocks }) => blocks.map(({ language }) => language)));
  const known = new Set(['bash', 'http', 'json', 'mermaid', 'sql', 'text', 'ts']);
  expect([...languages].filter((language) => !known.has(language))).toEqual([]);
  for (const { path, text, blocks } of pages)
    expect([path, text.match(/^ *[`~]{3}/gm)?.length ?? 0]).toEqual([path, 2 * blocks.length]);
});

it('each show an output, or start an application', () => {
  const silent = examples.filter(({ block: { code } }) => outputsIn(code).length === 0 && !startedBy(code));
  expect(silent.map(titleOf)).toEqual([]);
  for (const { path, text } of pages) {
    const shown = examples
      .filter(({ page }) => page.path === path)
      .flatMap(({ block }) => outputsIn(block.code));
    // None is written in a way that would not be found.
    expect([path, text.match(/\/\/ →/g)?.length ?? 0]).toEqual([path, shown.length]);
  }
});

describe('run after the quick start', () => {
  let prints: ReturnType<typeof spyOnPrints>;
  beforeEach(async () => {
    prints = spyOnPrints();
    await given.open();
    prints.lines.length = 0;
  });
  afterEach(async () => {
    await given.close();
    prints.restore();
  });

  it.each(examples.map((example) => [titleOf(example), example] as const))(
    'print what %s says, and are answered as it says',
    async (_title, example) => {
      await folder.run(example);
      expect(normalised(prints.lines)).toEqual(normalised(outputsIn(example.block.code)));
      const { followers } = example.block;
      for (const [at, { language, code }] of followers.entries()) {
        if (language !== 'http') continue;
        const [method, path] = code.trim().split(' ');
        expect(method).toBe('GET');
        const answer = await request(given.app!.getHttpServer()).get(path);
        const { language: shown, code: body } = followers[at + 1];
        expect(shown).toBe('json');
        expect(normalised([answer.body])).toEqual(normalised([JSON.parse(body)]));
      }
    },
  );

  it('take the reason from the request', async () => {
    await folder.run(exampleOf('docs/context.md', 'class ReservationController'), 'again');
    const app = given.app!;
    await app.get(DataSource).getRepository('Reservation').save({ name: 'Ann', party: 2 });
    await request(app.getHttpServer()).delete('/reservations/1?reason=Ann+called').expect(200);
    expect(await app.get(HistoryService).latest('Reservation', 1)).toMatchObject({
      operation: 'delete',
      reason: 'Ann called',
    });
  });

  it('have the routes that the page lists', async () => {
    await folder.run(exampleOf('docs/http.md', 'endpoints:'), 'routes');
    const { paths } = SwaggerModule.createDocument(given.app!, new DocumentBuilder().build());
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations as Record<string, { parameters?: { name: string; in: string }[] }>).map(
        ([method, { parameters = [] }]) => {
          const query = parameters
            .filter((parameter) => parameter.in === 'query')
            .map(({ name }) => `${name}=`);
          const url = path.replace(/\{(\w+)\}/g, ':$1') + (query.length > 0 ? `?${query.join('&')}` : '');
          return `\`${method.toUpperCase()} ${url}\``;
        },
      ),
    );
    expect(rowsOf(pageAt('docs/http.md'), 'route').map(([route]) => route)).toEqual(routes);
  });
});

function exampleOf(path: string, part: string): Example {
  return examples.find(({ page, block }) => page.path === path && block.code.includes(part))!;
}

function titleOf({ page, block }: Example): string {
  return `${page.path}, line ${block.line}`;
}
