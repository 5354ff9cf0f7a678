import { Session } from 'node:inspector/promises';
import { expect, it } from '@jest/globals';
import { attachAudit, Audited } from 'nestjs-typeorm-audit';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { createDatabase, describeDatabases } from '../../support/servers/databases.js';

// Time says little on a busy machine; how many functions are called is the same each time.
describeDatabases('start-up', (name) => {
  it('takes work in proportion to the number of audited entities', async () => {
    const database = await createDatabase(name);
    try {
      const few = await callsOfAudit(database.options, 50);
      const many = await callsOfAudit(database.options, 100);
      expect(many / few).toBeCloseTo(2, 1);
    } finally {
      await database.drop();
    }
  });
});

/** How many more calls it takes to initialise a data source when its entities are audited. */
async function callsOfAudit(options: DataSourceOptions, count: number): Promise<number> {
  const entities = chainOf(count);
  const plain = await callsOfStartUp(options, entities);
  for (const entity of entities) Audited()(entity);
  return (await callsOfStartUp(options, entities)) - plain;
}

async function callsOfStartUp(options: DataSourceOptions, entities: (new () => object)[]): Promise<number> {
  const dataSource = new DataSource({ ...options, entities });
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    attachAudit(await dataSource.initialize());
    const { result } = await session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ url }) => /\/src\/|\/node_modules\/typeorm\//.test(url))
      .flatMap(({ functions }) => functions.map(({ ranges: [{ count }] }) => count))
      .reduce((sum, calls) => sum + calls, 0);
  } finally {
    session.disconnect();
    await dataSource.destroy();
  }
}

/** Entities of which each refers to the one before. */
function chainOf(length: number): (new () => object)[] {
  const chain: (new () => object)[] = [];
  for (let n = 0; n < length; n++) chain.push(linkOf(n, chain.at(-1)));
  return chain;
}

function linkOf(n: number, previous: (new () => object) | undefined): new () => object {
  class Link {}
  PrimaryGeneratedColumn()(Link.prototype, 'id');
  for (let column = 0; column < 8; column++)
    Column({ type: 'varchar', length: 100 })(Link.prototype, `column${column}`);
  if (previous) ManyToOne(() => previous)(Link.prototype, 'previous');
  Entity({ name: `link${n}` })(Link);
  return Link;
}
