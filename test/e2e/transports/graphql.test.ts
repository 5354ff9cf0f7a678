import { afterEach, expect, it } from '@jest/globals';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import {
  Args,
  Field,
  GqlExecutionContext,
  GraphQLModule,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
} from '@nestjs/graphql';
import { AuditAction, AuditEvent } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { dataSourceOf, startApp } from '../../support/http/app.js';
import { actorsOf, Guests, guestsApp } from './guests.js';

@ObjectType()
class GuestModel {
  @Field(() => Int)
  id!: number;

  @Field(() => String)
  name!: string;
}

interface Context {
  req: { headers: Record<string, string>; user?: object };
  user?: object;
}

const contextOf = (context: ExecutionContext) => GqlExecutionContext.create(context).getContext<Context>();

class OnRequest implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const { req } = contextOf(execution);
    req.user = { id: req.headers['x-user'] };
    return true;
  }
}

class OnContext implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const context = contextOf(execution);
    context.user = { sub: context.req.headers['x-user'] };
    return true;
  }
}

@Resolver(() => GuestModel)
class GuestsResolver {
  constructor(private readonly guests: Guests) {}

  @UseGuards(OnContext)
  @AuditAction('guest.one', { outcome: true })
  @Query(() => Int)
  one() {
    return 1;
  }

  @UseGuards(OnContext)
  @AuditAction('guest.secret', { outcome: true })
  @Query(() => Int)
  secret() {
    throw new UnauthorizedException();
  }

  @UseGuards(OnRequest)
  @Mutation(() => GuestModel)
  onRequest(@Args('name', { type: () => String }) name: string) {
    return this.guests.make(name);
  }

  @UseGuards(OnContext)
  @Mutation(() => GuestModel)
  onContext(@Args('name', { type: () => String }) name: string) {
    return this.guests.make(name);
  }

  @Mutation(() => GuestModel)
  nobody(@Args('name', { type: () => String }) name: string) {
    return this.guests.make(name);
  }
}

let app: INestApplication | undefined;
afterEach(() => app?.close());

async function start(isAudited: boolean) {
  const { imports, providers } = guestsApp(isAudited);
  app = await startApp({
    imports: [
      ...imports,
      GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
    ],
    providers: [...providers, GuestsResolver],
  });
}

async function mutate(mutation: string, user: string): Promise<unknown> {
  const query = `mutation { ${mutation}(name: "${user}") { id name } }`;
  const { body } = await request(app!.getHttpServer()).post('/graphql').set('x-user', user).send({ query });
  return body;
}

it('records the user whom a guard put on the request or on the context', async () => {
  await start(true);
  await mutate('onRequest', 'ann');
  await mutate('onContext', 'bob');
  await mutate('nobody', 'eve');
  expect(await actorsOf(dataSourceOf(app!))).toEqual(['ann', 'bob', null]);
});

it('records the outcome of handlers that want it', async () => {
  await start(true);
  for (const query of ['{ one }', '{ secret }'])
    await request(app!.getHttpServer()).post('/graphql').set('x-user', 'ann').send({ query });
  expect(
    await dataSourceOf(app!)
      .getRepository(AuditEvent)
      .find({ order: { id: 'ASC' } }),
  ).toMatchObject([
    { action: 'guest.one', outcome: 'success', actor: 'ann' },
    { action: 'guest.secret', outcome: 'denied', actor: 'ann' },
  ]);
});

it('answers the same without the library', async () => {
  const answers: unknown[] = [];
  for (const isAudited of [true, false]) {
    await start(isAudited);
    answers.push([await mutate('onRequest', 'ann'), await mutate('nobody', 'eve')]);
    await app!.close();
  }
  expect(answers[0]).toEqual(answers[1]);
  expect(answers[0]).toMatchObject([{ data: { onRequest: { id: 1, name: 'ann' } } }, {}]);
});
