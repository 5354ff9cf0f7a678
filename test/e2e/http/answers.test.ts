import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Audited, AuditModule } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { dataSourceOf, platforms, sqlite, startApp } from '../../support/http/app.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Audited()
@Entity()
class Paper {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ nullable: true })
  title!: string;

  @Column({ type: 'text', nullable: true })
  text!: string;
}

describe.each(platforms)('the answers of the endpoints on %s', (platform) => {
  let app: INestApplication;
  const get = (path: string) => request(app.getHttpServer()).get(path);
  beforeAll(async () => {
    const deny = { canActivate: () => false };
    const closed = AuditModule.forRoot({
      dataSource: 'closed',
      endpoints: { path: 'closed', guards: [deny] },
    });
    const open = AuditModule.forRoot({ endpoints: { public: true } });
    const imports = [sqlite([Paper]), open, sqlite([Paper], { name: 'closed' }), closed];
    app = await startApp({ imports }, { platform, prepare: (it) => it.setGlobalPrefix('api') });
    await dataSourceOf(app).getRepository(Paper).save({ title: 'a' });
  });
  afterAll(() => app.close());

  it.each([
    [200, '/api/audit'],
    [200, '/api/audit/paper/1'],
    [200, '/api/audit/feed'],
    [400, '/api/audit/paper/x'],
    [404, '/api/audit/paper/9'],
    [403, '/api/closed/paper/1'],
  ])('are in no cache and have no ETag: %s %s', async (status, path) => {
    const { headers } = await get(path).set('If-None-Match', 'W/"x"').expect(status);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers).not.toHaveProperty('etag');
  });
});

describe('pages over HTTP', () => {
  let app: INestApplication;
  const large = 'é'.repeat(500_000);
  const recorder = new QueryRecorder();
  const answer = async (path: string): Promise<any> =>
    (await request(app.getHttpServer()).get(path).expect(200)).body;
  beforeAll(async () => {
    app = await startApp(
      {
        imports: [
          sqlite([Paper], { logger: recorder }),
          AuditModule.forRoot({ endpoints: { public: true } }),
        ],
      },
      { prepare: (it) => it.setGlobalPrefix('api') },
    );
    const dataSource = dataSourceOf(app);
    await dataSource.transaction(async (manager) => {
      const papers = manager.getRepository(Paper);
      for (let version = 1; version <= 40; version++)
        await papers.save({ id: 1, title: `${version}`, text: version + large });
    });
  });
  afterAll(() => app.close());

  it('end early where revisions are large, and go on where they stopped', async () => {
    const { transaction } = (await answer('/api/audit/feed?limit=1')).items[0];
    for (const path of ['paper/1', 'paper/1?property=text', 'feed', `transactions/${transaction}`]) {
      const versions: number[] = [];
      let pages = 0;
      let cursor: string | null = null;
      do {
        const query: string = cursor ? `${path.includes('?') ? '&' : '?'}cursor=${cursor}` : '';
        const page = await answer(`/api/audit/${path}${query}`);
        versions.push(...page.items.map(({ version }: { version: number }) => version));
        cursor = page.nextCursor;
        pages++;
      } while (cursor);
      expect(pages).toBeGreaterThan(1);
      expect(new Set(versions).size).toBe(40);
      expect(versions).toHaveLength(40);
    }
  });

  it.each([
    ['a difference', 'diff?from=1&to=2'],
    ['a version', 'versions/2'],
    ['a state', 'as-of?at=2'],
  ])('read the revisions of %s once', async (_title, path) => {
    recorder.clear();
    await answer(`/api/audit/paper/1/${path}`);
    expect(recorder.queries).toHaveLength(1);
  });

  it('show a large value by its size and digest, with a link to it', async () => {
    const [item] = (await answer('/api/audit/feed?limit=1&snapshot=true')).items;
    const text = `40${large}`;
    const sha256 = createHash('sha256').update(text).digest('hex');
    const shown = { bytes: 1_000_002, sha256, href: '/api/audit/paper/1/versions/40' };
    expect(item.snapshot).toEqual({ id: 1, title: '40', text: shown });
    expect(item.changes).toEqual([
      { property: 'title', from: '39', to: '40' },
      { property: 'text', from: { ...shown, sha256: expect.any(String) }, to: shown },
    ]);
    expect((await answer(shown.href)).snapshot.text).toBe(text);
    expect((await answer('/api/audit/paper/1?limit=1')).items[0]).not.toHaveProperty('snapshot');
    expect((await answer('/api/audit/paper/1/as-of?at=40')).text).toBe(text);
  });
});

@Audited()
@Entity()
class Counted {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Audited()
@Entity()
class Large {
  @PrimaryColumn({ type: 'bigint' })
  id!: string;
}

@Audited()
@Entity()
class Priced {
  @PrimaryColumn({ type: 'decimal', precision: 10, scale: 2 })
  id!: string;
}

@Audited()
@Entity()
class Measured {
  @PrimaryColumn({ type: 'float' })
  id!: number;
}

describeDatabases('ids over HTTP', (name) => {
  const entities = [Counted, Large, Priced, Measured];
  let database: TestDatabase;
  let app: INestApplication;
  beforeAll(async () => {
    database = await createDatabase(name);
    const options = { ...database.options, entities, synchronize: true, retryAttempts: 0 };
    const source = TypeOrmModule.forRoot(options);
    app = await startApp({ imports: [source, AuditModule.forRoot({ endpoints: { public: true } })] });
    for (const entity of entities) await dataSourceOf(app).getRepository<any>(entity).insert({ id: 0 });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const digits = '9'.repeat(400);
  it.each(['counted', 'large', 'priced', 'measured'])(
    'find nothing under numbers that %s cannot have',
    async (table) => {
      const get = (path: string) => request(app.getHttpServer()).get(`/audit/${table}/${path}`);
      for (const id of [digits, `-${digits}`, '1e999', 'Infinity', 'NaN', 'abc', '0x1'])
        for (const path of ['', '/versions/1', '/as-of?at=1', '/diff?from=1&to=1']) {
          const { body } = await get(`${id}${path}`).expect(400);
          expect(body).toMatchObject({ field: 'id', message: expect.stringMatching(/^id .{1,200}$/) });
        }
      await get('0').expect(200);
      for (const path of [
        `0/versions/${digits}`,
        `0/as-of?at=${digits}`,
        `0?limit=${digits}`,
        `0?cursor=${digits}`,
      ])
        await get(path).expect(400);
    },
  );
});
