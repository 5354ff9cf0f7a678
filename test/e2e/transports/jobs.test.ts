import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { type INestApplication, Injectable } from '@nestjs/common';
import { CommandBus, CommandHandler, CqrsModule, type ICommandHandler } from '@nestjs/cqrs';
import { Interval, ScheduleModule } from '@nestjs/schedule';
import { type Job, type Queue, QueueEvents } from 'bullmq';
import { AuditContext } from 'nestjs-typeorm-audit';
import { brokerUrl, describeWithBroker } from '../../support/servers/brokers.js';
import { dataSourceOf, startApp } from '../../support/http/app.js';
import { actorsOf, Guests, guestsApp } from './guests.js';

let app: INestApplication | undefined;
afterEach(() => app?.close());

const inRedis = await describeWithBroker('redis');
const queueName = `audit-test-${process.pid}`;

interface GuestJob {
  name: string;
  actor?: string;
}

@Processor(queueName)
class GuestJobs extends WorkerHost {
  constructor(
    private readonly guests: Guests,
    private readonly audit: AuditContext,
  ) {
    super();
  }

  process({ data: { name, actor } }: Job<GuestJob>) {
    return actor ? this.audit.run({ actor }, () => this.guests.make(name)) : this.guests.make(name);
  }
}

inRedis('a job of BullMQ', () => {
  it('acts for the user who queued it, and else for the application', async () => {
    const { imports, providers } = guestsApp(true, { defaultActor: 'system' });
    const { hostname, port } = new URL(brokerUrl('redis'));
    const connection = { host: hostname, port: Number(port) };
    app = await startApp({
      imports: [
        ...imports,
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: queueName }),
      ],
      providers: [...providers, GuestJobs],
    });
    const queue = app.get<Queue<GuestJob>>(getQueueToken(queueName));
    const events = new QueueEvents(queueName, { connection });
    try {
      await events.waitUntilReady();
      for (const data of [{ name: 'a', actor: 'ann' }, { name: 'b' }]) {
        const job = await queue.add('make', data);
        expect(await job.waitUntilFinished(events)).toMatchObject({ name: data.name });
      }
      expect(await actorsOf(dataSourceOf(app))).toEqual(['ann', 'system']);
    } finally {
      await events.close();
      await queue.obliterate({ force: true });
    }
  });
});

@Injectable()
class Schedule {
  private isDone = false;

  constructor(private readonly guests: Guests) {}

  @Interval(10)
  async make() {
    if (this.isDone) return;
    this.isDone = true;
    await this.guests.make('scheduled');
  }
}

it('a schedule writes as the application', async () => {
  const { imports, providers } = guestsApp(true, { defaultActor: () => 'system' });
  app = await startApp({
    imports: [...imports, ScheduleModule.forRoot()],
    providers: [...providers, Schedule],
  });
  const dataSource = dataSourceOf(app);
  for (let n = 0; n < 100 && (await actorsOf(dataSource)).length === 0; n++) await delay(20);
  expect(await actorsOf(dataSource)).toEqual(['system']);
});

class MakeGuest {
  constructor(readonly name: string) {}
}

@CommandHandler(MakeGuest)
class MakeGuestHandler implements ICommandHandler<MakeGuest> {
  constructor(private readonly guests: Guests) {}

  execute({ name }: MakeGuest) {
    return this.guests.make(name);
  }
}

describe('a command of CQRS', () => {
  it.each([true, false])(
    'is recorded under who sent it and answers the same; audited: %s',
    async (isAudited) => {
      const { imports, providers } = guestsApp(isAudited, { defaultActor: 'system' });
      app = await startApp({
        imports: [...imports, CqrsModule.forRoot()],
        providers: [...providers, MakeGuestHandler],
      });
      const bus = app.get(CommandBus);
      const audit = isAudited ? app.get(AuditContext) : new AuditContext();
      expect(await audit.run({ actor: 'ann' }, () => bus.execute(new MakeGuest('a')))).toEqual({
        id: 1,
        name: 'a',
      });
      expect(await bus.execute(new MakeGuest('b'))).toEqual({ id: 2, name: 'b' });
      expect(await actorsOf(dataSourceOf(app))).toEqual(isAudited ? ['ann', 'system'] : []);
    },
  );
});
