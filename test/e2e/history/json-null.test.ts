import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { attachAudit, Audited, type Change, type HistoryService, Masked } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { dialectOf } from '../../../src/dialect/dialect-of.js';
import { createDatabase, databasesOfThisRun, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

const empty = { from: (value: unknown) => value ?? [], to: (value: unknown) => value };

/** Each JSON type that the database has. */
const types = {
  sqlite: ['simple-json', 'json'],
  postgres: ['jsonb', 'json', 'simple-json'],
  mariadb: ['json', 'simple-json'],
  mysql: ['json', 'simple-json'],
} as const;

@Audited()
@Entity()
class Plain {
  @PrimaryColumn('int') id: number;
  @Column('int', { nullable: true }) n: number | null;
}

const cases = databasesOfThisRun().flatMap((name) => types[name].map((type) => [name, type] as const));

describe.each(cases)('A JSON null in a column of %s, %s,', (name, type) => {
  @Audited()
  @Entity()
  class Page {
    @PrimaryColumn('int') id: number;
    @Column(type, { nullable: true }) data: unknown;
    @Column(type, { nullable: true, transformer: empty }) list: unknown;
    @Column(type, { nullable: true }) @Masked('hash') secret: unknown;
  }
  let database: TestDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  beforeEach(async () => {
    database = await createDatabase(name);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Page, Plain],
      synchronize: true,
    }).initialize();
    ({ history } = attachAudit(dataSource, { maskKey: 'a key of this test' }));
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  /** Writes SQL for a value, as the only way to have JSON's null stored. */
  const set = (sql: string, property = 'data') =>
    dataSource
      .createQueryBuilder()
      .update(Page)
      .set({ [property]: () => sql })
      .where({ id: 1 })
      .execute();
  const changes = async (): Promise<Change[][]> =>
    (await history.timeline(Page, 1, { order: 'asc' })).items.map((revision) => revision.changes);

  it('that becomes NULL and comes back is a change each time', async () => {
    await dataSource.manager.insert(Page, { id: 1, data: { a: 1 } });
    for (const value of [`'null'`, 'NULL', `'null'`, `'"null"'`, `'null'`, `'[]'`]) await set(value);
    // TypeORM parses once more what mysql2 has parsed, and reads the string "null" as null.
    const text = dialectOf(dataSource).locks.locksGaps && type === 'json' ? null : 'null';
    const expected = [
      { property: 'data', from: { a: 1 }, to: null },
      { property: 'data', from: null, to: null, jsonNull: 'from' },
      { property: 'data', from: null, to: null, jsonNull: 'to' },
      { property: 'data', from: null, to: text, ...(text === null && { jsonNull: 'from' }) },
      { property: 'data', from: text, to: null, ...(text === null && { jsonNull: 'to' }) },
      { property: 'data', from: null, to: [] },
    ];
    expect((await changes()).slice(1)).toEqual(expected.map((change) => [change]));
    const { items } = await history.feed({ entities: [Page] });
    expect(items.map((revision) => revision.changes).reverse()).toEqual(await changes());
    const filtered = await history.timeline(Page, 1, { property: 'data', order: 'asc' });
    expect(filtered.items.map((revision) => revision.changes)).toEqual(await changes());
    expect(await history.diff(Page, 1, 2, 3)).toEqual([expected[1]]);
    expect(await history.latest(Page, 1)).toMatchObject({ version: 7, snapshot: { data: [] } });
    expect(await history.asOf(Page, 1, 2)).toMatchObject({ data: null });
    await expectInvariants(dataSource);
  });

  it('reads as a transformer has it, and as its digest where it is masked', async () => {
    await dataSource.manager.insert(Page, { id: 1 });
    await set(`'null'`, 'list');
    await set(`'null'`, 'secret');
    await set('NULL', 'list');
    expect((await changes()).slice(1)).toEqual([
      [{ property: 'list', from: [], to: [], jsonNull: 'to' }],
      [{ property: 'secret', from: null, to: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      [{ property: 'list', from: [], to: [], jsonNull: 'from' }],
    ]);
    expect(await history.asOf(Page, 1, 2)).toMatchObject({ list: [], data: null });
  });

  it('costs nothing in the statements of tables without JSON', async () => {
    const recorder = new QueryRecorder();
    dataSource.setOptions({ logger: recorder });
    dataSource.logger = recorder;
    const presence = () => recorder.statements.filter((sql) => sql.includes('_present'));
    await history.timeline(Plain, 1);
    expect(presence()).toEqual([]);
    await history.timeline(Page, 1);
    const column = dataSource.getMetadata(Page).findColumnWithPropertyName('data')!;
    expect(presence()).toHaveLength(dialectOf(dataSource).types.hidesJsonNull(column) ? 1 : 0);
  });
});
