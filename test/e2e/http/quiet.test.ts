import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import { Audited, AuditModule } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited({ quiet: ['seen'] })
@Entity()
class Visitor {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @Column({ default: 0 }) seen: number;
}

let app: INestApplication;
beforeAll(async () => {
  app = await startApp({
    imports: [sqlite([Visitor]), AuditModule.forRoot({ endpoints: { public: true } })],
  });
  const visitors = dataSourceOf(app).getRepository(Visitor);
  await visitors.save({ name: 'Ann' });
  // More than the first portion of a page.
  for (let seen = 1; seen <= 30; seen++) await visitors.update(1, { seen });
  await visitors.update(1, { name: 'Anna' });
});
afterAll(async () => {
  await expectInvariants(dataSourceOf(app));
  await app.close();
});

const get = (path: string) => request(app.getHttpServer()).get(path);

it('a timeline leaves quiet revisions out unless it is asked with quiet=true', async () => {
  const marks = async (query: string): Promise<[number, boolean][]> =>
    ((await get(`/audit/visitor/1${query}`).expect(200)).body as { items: any[] }).items.map(
      ({ version, isQuiet }) => [version, isQuiet],
    );
  expect(await marks('')).toEqual([
    [32, false],
    [1, false],
  ]);
  expect(await marks('?quiet=false')).toEqual(await marks(''));
  const all = await marks('?quiet=true');
  expect(all).toHaveLength(32);
  expect(all.filter(([, isQuiet]) => !isQuiet)).toEqual(await marks(''));
  const { body } = await get('/audit/visitor/1?quiet=yes').expect(400);
  expect(body.message).toContain('quiet must be true or false, got "yes".');
});

it('a version is marked', async () => {
  const { body } = await get('/audit/visitor/1/versions/2').expect(200);
  expect(body).toMatchObject({ version: 2, isQuiet: true, changes: [], snapshot: { seen: 1 } });
});
