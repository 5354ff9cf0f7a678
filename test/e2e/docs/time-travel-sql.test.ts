import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { HistoryService } from '../../../src/history/history.service.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import {
  createDatabase,
  type DatabaseName,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Audited()
@Entity()
class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@Audited()
@Entity()
class Reservation {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @NotAudited() @Column({ default: 0 }) views: number;
  @ManyToOne(() => Guest) @JoinColumn({ name: 'guest_fk' }) guest: Guest;
}

type Reads = Record<string, (history: HistoryService) => Promise<unknown>>;

/** By the comment above the SQL in the page; what gives no text is run. */
const reads: Partial<Record<DatabaseName, Reads>> = {
  postgres: {
    'PostgreSQL, relations': (history) =>
      history
        .at(new Date('2015-04-03'))
        .find(Reservation, { where: { guest: { name: 'Ann' } }, relations: { guest: true } }),
    'PostgreSQL, transaction': async (history) =>
      history
        .at({ transaction: '0199e0a0-0000-7000-8000-000000000001' })
        .createQueryBuilder(Guest, 'guest')
        .getSql(),
  },
  mariadb: {
    MariaDB: (history) => history.at(new Date('2015-04-03')).findOneBy(Guest, { id: 7 }),
  },
};

const page = readFileSync('docs/time-travel.md', 'utf8');
const blocks = new Map(
  [...page.matchAll(/```sql\n-- (.*)\n([^]*?)```/g)].map(([, title, sql]) => [title, plain(sql)]),
);

function plain(sql: string): string {
  return sql.replace(/\s+/g, ' ').replace(/\( /g, '(').replace(/ \)/g, ')').trim();
}

describeDatabases('the SQL in the page on time travel', (name) => {
  const recorder = new QueryRecorder();
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(name);
    const entities = [Guest, Reservation];
    dataSource = new DataSource({
      ...database.options,
      entities,
      synchronize: true,
      logging: ['query'],
      logger: recorder,
    });
    await dataSource.initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('is what is sent', async () => {
    for (const [title, read] of Object.entries(reads[name] ?? {})) {
      const sql = await read(new HistoryService(dataSource));
      // Behind the first read of a table stands a look for rows without a revision.
      const sent = recorder.statements.findLast((text) => text.startsWith('WITH'));
      expect(blocks.get(title)).toBe(plain(typeof sql === 'string' ? sql : sent!));
    }
    const titles = Object.values(reads).flatMap((each) => Object.keys(each));
    expect([...blocks.keys()].sort()).toEqual(titles.sort());
  });
});
