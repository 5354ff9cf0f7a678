import { connect } from 'node:net';
import { describe } from '@jest/globals';

/** Where each is by default, and what says where else. */
const brokers = {
  rabbitmq: { variable: 'RABBITMQ_URL', url: 'amqp://guest:guest@127.0.0.1:5672' },
  nats: { variable: 'NATS_URL', url: 'nats://127.0.0.1:4222' },
  redis: { variable: 'REDIS_URL', url: 'redis://127.0.0.1:6379' },
} as const;

export type BrokerName = keyof typeof brokers;

export function brokerUrl(name: BrokerName): string {
  const { variable, url } = brokers[name];
  return process.env[variable] ?? url;
}

/**
 * `describe` where the broker answers, else `describe.skip`, which the report shows.
 *
 * @throws Error with `CI=true` where it doesn't answer, as for databases
 */
export async function describeWithBroker(name: BrokerName): Promise<typeof describe.skip> {
  if (await answers(new URL(brokerUrl(name)))) return describe;
  if (process.env.CI === 'true')
    throw new Error(
      `${name} doesn't answer at ${new URL(brokerUrl(name)).host}. Start it, or say where it is with ${brokers[name].variable}.`,
    );
  return describe.skip;
}

function answers({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: 3_000 });
    const end = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false));
  });
}
