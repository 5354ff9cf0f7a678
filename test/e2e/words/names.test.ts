import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import {
  attachAudit,
  AuditModule,
  type AuditOptions,
  Audited,
  HistoryService,
  LabelError,
  type Words,
} from 'nestjs-typeorm-audit';
import { Column, type DataSource, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { describeDatabases } from '../../support/servers/databases.js';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Client, orderEntities, SalesOrder } from '../../support/entities/orders.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

/** Names of actors, and the ids that were asked for. */
function directory() {
  const asked: string[][] = [];
  const actorLabel = async (ids: string[]): Promise<Map<string, string>> => {
    asked.push(ids);
    return new Map(ids.filter((id) => id !== 'u9').map((id) => [id, `Name of ${id}`]));
  };
  return { asked, actorLabel };
}

const GERMAN: Partial<Words> = {
  insert: '{actor} hat {entity} angelegt',
  update: '{actor} hat {entity} geändert',
  change: '{property} von {from} auf {to}',
  nobody: 'Jemand',
  none: 'nichts',
  yes: 'ja',
  no: 'nein',
  entities: { sales_order: 'Auftrag', client: 'Kunde' },
  properties: {
    sales_order: {
      status: 'Status',
      total: 'Summe',
      isGift: 'Geschenk',
      'delivery.day': 'Liefertag',
      client: 'Kunde',
    },
  },
  values: { sales_order: { status: { open: 'offen', paid: 'bezahlt' } } },
  actions: { 'order.pay': { sales_order: '{actor} hat {entity} bezahlt' } },
};

describeDatabases('names and words', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    audited = await openAudited(name, { entities: orderEntities });
    ({ dataSource } = audited);
  });
  afterAll(() => audited.close());
  afterEach(() => expectInvariants(dataSource));

  const speaking = (options: AuditOptions): HistoryService =>
    new HistoryService(dataSource, undefined, options);

  it('are asked for once for 50 revisions, each actor once', async () => {
    const { asked, actorLabel } = directory();
    const clients = dataSource.getRepository(Client);
    const { id } = await clients.save({ name: 'Meyer 0' });
    for (let n = 1; n < 50; n++)
      await audited.context.run({ actor: n % 2 ? 'u1' : 'u9' }, () =>
        clients.save({ id, name: `Meyer ${n}` }),
      );
    const history = speaking({ actorLabel });
    const { items } = await history.timeline(Client, id, { limit: 50 });
    const sentences = await history.describe(items);
    expect(sentences).toHaveLength(50);
    expect(asked.map((ids) => ids.toSorted())).toEqual([['u1', 'u9']]);
    expect([sentences[0], sentences[1], sentences[49]]).toEqual([
      'Name of u1 changed client Meyer 49: name Meyer 48 → Meyer 49',
      // The directory doesn't know u9.
      'u9 changed client Meyer 48: name Meyer 47 → Meyer 48',
      'Somebody created client Meyer 0: name Meyer 0',
    ]);
    // Outside of a request each call asks.
    await history.describe(items.slice(0, 1));
    expect(asked.slice(1)).toEqual([['u1']]);
    // Nobody has no name to ask for.
    await history.describe(items[49]);
    expect(asked).toHaveLength(2);
  });

  it('are in the language of the locale', async () => {
    const history = speaking({ words: { de: GERMAN } });
    const orders = dataSource.getRepository(SalesOrder);
    const client = await dataSource.getRepository(Client).save({ name: 'Meyer' });
    const { id } = await orders.save(orders.create({ total: '1234.50', delivery: { day: '2026-03-09' } }));
    await audited.context.run({ actor: 'Ann', action: 'order.pay' }, () =>
      orders.update(id, { status: 'paid', total: '12345.00', isGift: true, client }),
    );
    const { items } = await history.timeline(SalesOrder, id);
    expect(await history.describe(items, { locale: 'de-AT' })).toEqual([
      `Ann hat Auftrag ${id} bezahlt: Status von offen auf bezahlt, Summe von 1234,50 auf 12\u00a0345,00, ` +
        `Geschenk von nichts auf ja, Kunde von nichts auf Meyer`,
      `Jemand hat Auftrag ${id} angelegt: Status offen, Summe 1234,50, Liefertag 09.03.2026`,
    ]);
    expect(await history.describe(items[1], { locale: 'de' })).toBe(
      `Jemand hat Auftrag ${id} angelegt: Status offen, Summe 1234,50, Liefertag 09.03.2026`,
    );
    expect(await history.describe(items[0])).toBe(
      `Ann changed sales order ${id} (order.pay): status open → paid, total 1234.50 → 12,345.00, ` +
        `is gift none → yes, client none → Meyer`,
    );
    // French has no words of its own.
    expect(await history.describe(items[1], { locale: 'fr' })).toBe(
      `Somebody created sales order ${id}: status open, total 1234,50, delivery day 9 mars 2026`,
    );
  });

  it('fail with the names of actors, and are asked for again', async () => {
    let isUp = false;
    const history = speaking({
      actorLabel: () => {
        if (!isUp) throw new Error('directory is down');
        return new Map([['u1', 'Ann']]);
      },
    });
    const { id } = await audited.context.run({ actor: 'u1' }, () =>
      dataSource.getRepository(Client).save({ name: 'Huber' }),
    );
    const revision = (await history.latest(Client, id))!;
    await expect(history.describe(revision)).rejects.toMatchObject({
      name: LabelError.name,
      message:
        'actorLabel failed (Error: directory is down). Catch what it may throw and return an empty Map to show ids.',
      cause: { message: 'directory is down' },
    });
    isUp = true;
    expect(await history.describe(revision)).toBe('Ann created client Huber: name Huber');
    for (const [given, got] of [
      [['Ann'], 'object'],
      [new Map([['u1', 7]]), 'a Map with other values'],
    ] as const)
      await expect(speaking({ actorLabel: () => given as never }).describe(revision)).rejects.toThrow(
        new LabelError(`actorLabel must return a Map of names by id, or a promise of one, got ${got}.`),
      );
  });
});

@Audited({
  label: ({ title }: LabelledBook) => {
    if (title === 'broken') throw new Error('no such title');
    return title === 'number' ? (7 as never) : title;
  },
})
@Entity()
class LabelledBook {
  @PrimaryGeneratedColumn() id: number;
  @Column() title: string;
}

describe('labels of entities', () => {
  it('fail the call when they fail, and leave the key where they are blank', async () => {
    const audited = await openAudited('sqlite', { entities: [LabelledBook] });
    const history = new HistoryService(audited.dataSource);
    const told = async (title: string): Promise<string> => {
      const { id } = await audited.dataSource.getRepository(LabelledBook).save({ title });
      return history.describe((await history.latest(LabelledBook, id))!);
    };
    try {
      expect(await told('Emma')).toBe('Somebody created Emma: title Emma');
      expect(await told('  ')).toBe('Somebody created labelled book 2: title ""');
      await expect(told('broken')).rejects.toMatchObject({
        name: LabelError.name,
        message:
          '@Audited({ label }) of LabelledBook failed (Error: no such title). Old snapshots may lack a value: return null then.',
      });
      await expect(told('number')).rejects.toThrow(
        new LabelError('@Audited({ label }) of LabelledBook must return a string or null, got number.'),
      );
    } finally {
      await audited.close();
    }
  });

  it.each([
    ['nome', "got 'nome'. The columns are id, updatedAt."],
    ['pin', "got 'pin'. The columns are id, updatedAt."],
    [7 as never, 'got 7. The columns are id, updatedAt.'],
  ])('must be columns that snapshots show: %s', async (label, problem) => {
    @Audited({ label, exclude: ['hidden'] })
    @Entity()
    class MistakenLabel {
      @PrimaryGeneratedColumn() id: number;
      @Column({ select: false }) pin: string;
      @Column() hidden: string;
      @UpdateDateColumn() updatedAt: Date;
    }
    await expect(openAudited('sqlite', { entities: [MistakenLabel] })).rejects.toThrow(
      `@Audited({ label }) of MistakenLabel must be a column that snapshots show, or a function of a snapshot, ${problem}`,
    );
  });
});

describe('in a request', () => {
  let app: INestApplication | undefined;
  afterEach(() => app?.close());

  it('each actor is asked for once', async () => {
    const { asked, actorLabel } = directory();
    @Controller('told')
    class Told {
      constructor(private readonly history: HistoryService) {}
      @Get()
      async told() {
        const { items } = await this.history.timeline(Client, 1);
        const [first, again] = await Promise.all([
          this.history.describe(items[0]),
          this.history.describe(items),
        ]);
        return [first, again.length, await this.history.describe(items)];
      }
    }
    Reflect.defineMetadata('design:paramtypes', [HistoryService], Told);
    app = await startApp({
      imports: [sqlite(orderEntities), AuditModule.forRoot({ actor: () => 'u1', actorLabel })],
      controllers: [Told],
    });
    const { context } = attachAudit(dataSourceOf(app));
    const clients = dataSourceOf(app).getRepository(Client);
    await context.run({ actor: 'u1' }, () => clients.save({ name: 'Meyer' }));
    await context.run({ actor: 'u2' }, () => clients.save({ id: 1, name: 'Huber' }));
    const answer = async (): Promise<unknown> => (await fetch(`${await app!.getUrl()}/told`)).json();
    const expected = 'Name of u2 changed client Huber: name Meyer → Huber';
    expect(await answer()).toEqual([expected, 2, [expected, 'Name of u1 created client Meyer: name Meyer']]);
    expect(asked).toEqual([['u2'], ['u1']]);
    await answer();
    expect(asked).toEqual([['u2'], ['u1'], ['u2'], ['u1']]);
  });

  it.each([
    [{ actorLabel: 'name' }, 'The audit option actorLabel must be a function of ids that returns a Map'],
    [{ words: [] }, 'The audit option words must be an object of words by language tag'],
    [
      { words: { x: {} } },
      `The audit option words must have language tags such as 'de' as its keys, got 'x'.`,
    ],
    [{ words: { de: { upd: 'x' } } }, 'The audit option words.de.upd is unknown. Known are insert, update,'],
    [{ words: { de: { yes: ' ' } } }, 'The audit option words.de.yes must be a string of words, got " ".'],
    [
      { words: { de: { update: '{actors} hat' } } },
      'The audit option words.de.update has {actors}, which stands for nothing. Known are {actor}, {entity}',
    ],
    [
      { words: { de: { values: { order: { status: 'offen' } } } } },
      'The audit option words.de.values.order.status must be an object of names, got "offen".',
    ],
  ])('wrong options stop the start: %j', async (options, message) => {
    await expect(
      startApp({ imports: [sqlite(orderEntities), AuditModule.forRoot(options as never)] }),
    ).rejects.toThrow(message);
  });
});
