import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ClassSerializerInterceptor,
  type INestApplication,
  type Provider,
  SerializeOptions,
} from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Exclude, Expose, instanceToPlain } from 'class-transformer';
import { Audited, AuditModule, type EndpointOptions } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { ChildEntity, Column, Entity, PrimaryGeneratedColumn, TableInheritance } from 'typeorm';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';

class Address {
  @Column({ nullable: true })
  city!: string;

  @Exclude()
  @Column({ nullable: true })
  door!: string;
}

@Audited()
@Entity()
class Member {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  nick!: string;

  @Exclude()
  @Column()
  pin!: string;

  @Exclude({ toPlainOnly: true })
  @Column({ default: 'hidden1' })
  token!: string;

  @Exclude({ toClassOnly: true })
  @Column({ default: 'open' })
  status!: string;

  @Expose({ groups: ['staff'] })
  @Column({ default: 'staff1' })
  salary!: string;

  @Expose({ name: 'alias', groups: ['staff'] })
  @Column({ default: 'staff2' })
  nickname!: string;

  @Column(() => Address)
  address!: Address;
}

@Audited()
@Exclude()
@Entity()
class Account {
  @PrimaryGeneratedColumn()
  id!: number;

  @Expose()
  @Column()
  nick!: string;

  @Column()
  pin!: string;
}

@Audited()
@Entity()
class Guest {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  nick!: string;

  @Column({ type: 'varchar', nullable: true })
  pin!: string | null;

  @Column({ default: 'hidden1' })
  token!: string;

  toJSON() {
    const { pin: _pin, ...rest } = this;
    return { ...rest, token: '***' };
  }
}

@Audited()
@Entity()
class Visitor {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  nick!: string;

  @Exclude()
  @Column()
  pin!: string;

  toJSON() {
    return instanceToPlain(this);
  }
}

@Audited()
@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  nick!: string;
}

@ChildEntity()
class Nurse extends Person {
  @Exclude()
  @Column()
  pin!: string;
}

const entities = [Member, Account, Guest, Visitor, Person, Nurse];
const written = { nick: 'Pip', pin: 'hidden1' };
const changed = { pin: 'hidden2', nick: 'Pip2' };

let app: INestApplication;
afterEach(() => app?.close());

async function start(endpoints: EndpointOptions = {}, providers: Provider[] = []): Promise<void> {
  const audit = AuditModule.forRoot({ endpoints: { public: true, ...endpoints } });
  app = await startApp({ imports: [sqlite(entities), audit], providers });
}

const get = (path: string) => request(app.getHttpServer()).get(path);

/** What every route says of the revisions 1 to 3 of row 1: an insert, an update and a delete. */
async function everything(table: string): Promise<string> {
  const paths = [
    '',
    '?snapshot=true',
    '/versions/1',
    '/versions/2',
    '/versions/3',
    '/as-of?at=2',
    '/diff?from=1&to=2',
  ];
  paths.push('/diff?from=2&to=3');
  const answers = [await get('/audit/feed?snapshot=true')];
  for (const path of paths) answers.push(await get(`/audit/${table}/1${path}`).expect(200));
  const { transaction } = answers[1].body.items[1];
  answers.push(await get(`/audit/transactions/${transaction}?snapshot=true`).expect(200));
  const entity = (await get('/audit')).body.find(({ name }: { name: string }) => name === table);
  return [...answers.map(({ text }) => text), JSON.stringify(entity)].join('\n');
}

async function play(target: new () => { id: number }, more: object[] = [{}, {}]): Promise<void> {
  const repository = dataSourceOf(app).getRepository<any>(target);
  await repository.save({ ...written, ...more[0] });
  await repository.save({ id: 1, ...changed, ...more[1] });
  await repository.delete(1);
}

describe('what class-transformer hides', () => {
  const members = [
    { address: { city: 'Bonn', door: 'hidden3' } },
    {
      token: 'hidden4',
      status: 'shut',
      salary: 'staff3',
      nickname: 'staff4',
      address: { city: 'Köln', door: 'hidden5' },
    },
  ];

  it('is in no answer: by property, direction, group, name and in an embedded', async () => {
    await start();
    await play(Member, members);
    const text = await everything('member');
    expect(text).not.toMatch(/hidden|staff\d|"(pin|token|door|salary|nickname|alias)"/);
    expect(text).not.toMatch(/"(pin|token|address.door|salary|nickname)"/);
    for (const shown of ['Pip2', 'shut', 'Köln', 'address.city']) expect(text).toContain(shown);
  });

  it.each(['pin', 'token', 'salary', 'nickname', 'address.door', 'address'])(
    'can not be asked for by property=%s',
    async (property) => {
      await start();
      await play(Member, members);
      for (const name of ['property', 'changedProperty']) {
        const probed = await get(`/audit/feed?entity=member&${name}=${property}`).expect(400);
        expect(probed.body).toMatchObject({ field: name });
      }
      const { body } = await get(`/audit/member/1?property=${property}`).expect(400);
      expect(body.message).toBe(
        `property must be a property whose changes the history of Member shows, got "${property}". ` +
          'They are nick, status, address.city.',
      );
      await get('/audit/member/1?property=address.city').expect(200);
    },
  );

  it('is shown to the groups that the endpoints are for', async () => {
    await start({ decorators: [SerializeOptions({ groups: ['staff'] })] });
    await play(Member, members);
    const text = await everything('member');
    expect(text).not.toMatch(/hidden/);
    for (const shown of ['staff1', 'staff3', 'staff4']) expect(text).toContain(shown);
    await get('/audit/member/1?property=salary').expect(200);
  });

  it.each([
    ['provided', { groups: ['staff'] }, true],
    ['with another group', { groups: ['guests'] }, false],
  ])('follows the serializer that the application has, %s', async (_title, options, isShown) => {
    const serializer = {
      provide: APP_INTERCEPTOR,
      inject: [Reflector],
      useFactory: (reflector: Reflector) => new ClassSerializerInterceptor(reflector, options),
    };
    await start({}, [serializer]);
    await play(Member, members);
    const text = await everything('member');
    expect(text).not.toMatch(/hidden/);
    expect(text.includes('staff3')).toBe(isShown);
  });

  it('is all that a class or a serializer does not expose', async () => {
    await start();
    await play(Account);
    const text = await everything('account');
    expect(text).not.toMatch(/hidden|"pin"/);
    expect(text).toContain('Pip2');
    await app.close();

    await start();
    app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector), { strategy: 'excludeAll' }));
    await play(Member, members);
    expect(await everything('member')).not.toMatch(/hidden|Pip|staff\d/);
  });

  it('is what any class of a table hides', async () => {
    await start();
    await play(Nurse);
    const text = await everything('person');
    expect(text).not.toMatch(/hidden|"pin"/);
    expect(text).toContain('Pip2');
  });
});

describe("what an entity's own toJSON() hides", () => {
  it.each([
    ['guest', Guest],
    ['visitor', Visitor],
  ] as const)('is in no answer: %s', async (table, target) => {
    await start();
    await play(target, table === 'guest' ? [{}, { token: 'hidden4' }] : undefined);
    const text = await everything(table);
    expect(text).not.toMatch(/hidden|"property":"(pin|token)"/);
    expect(text).toContain('{"property":"nick","from":"Pip","to":"Pip2"}');
    await get(`/audit/${table}/1?property=pin`).expect(400);
    await get(`/audit/${table}/1?property=nick`).expect(200);
  });
});
