import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { attachAudit, type AttachedAudit, Audited, InvalidArgumentError } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited()
@Entity()
class Seat {
  @PrimaryColumn({ length: 5 }) hall: string;
  @PrimaryColumn('int') place: number;
  @Column({ type: 'int' }) price: number;
}

@Audited()
@Entity()
class Guest {
  @PrimaryColumn({ type: 'varchar', length: 20 }) name: string;
}

@Audited()
@Entity()
class Unused {
  @PrimaryColumn('int') id: number;
}

/** Less than any batch takes. */
const NO_TIME = 1e-9;

describeDatabases('A time budget of verify()', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AttachedAudit;

  beforeEach(async () => {
    database = await createDatabase(name);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Seat, Guest, Unused],
      synchronize: true,
    }).initialize();
    audit = attachAudit(dataSource);
    const seats = ['a', "b'ü"].flatMap((hall) => [1, 2, 3].map((place) => ({ hall, place, price: 1 })));
    await dataSource.getRepository(Seat).insert(seats);
    await dataSource.getRepository(Guest).insert([{ name: 'ann' }, { name: 'bob' }]);
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** Runs until all is looked at, each run with no time for a second batch. */
  const inPieces = async (entity?: typeof Seat): ReturnType<typeof collect> => {
    const runs = [];
    for (let from: string | undefined; ;) {
      const report = await audit.maintenance.verify(entity, {
        batchSize: 2,
        timeBudgetSeconds: NO_TIME,
        ...(from === undefined ? {} : { from }),
      });
      runs.push(report);
      expect(runs.length).toBeLessThan(30);
      if (report.isComplete) return collect(runs);
      from = report.next;
    }
  };
  const collect = async (runs: Awaited<ReturnType<AttachedAudit['maintenance']['verify']>>[]) => {
    const sums = new Map<string, { table: string; rows: number; histories: number }>();
    for (const { table, rows, histories } of runs.flatMap(({ tables }) => tables)) {
      const sum = sums.get(table) ?? { table, rows: 0, histories: 0 };
      sums.set(table, { table, rows: sum.rows + rows, histories: sum.histories + histories });
    }
    const findings = runs.flatMap(({ findings }) => findings);
    return { runs, tables: [...sums.values()], findings };
  };

  it('goes on where the run before stopped, until all is compared once', async () => {
    await dataSource.query(`UPDATE seat SET price = 2 WHERE place = 2`);
    await dataSource.query(`DELETE FROM guest WHERE name = 'bob'`);
    const whole = await audit.maintenance.verify();
    const { runs, tables, findings } = await inPieces();
    expect(tables).toEqual(whole.tables);
    // 3 batches of seats and 3 of their histories, one of guests and one of theirs.
    expect(runs.length).toBeGreaterThanOrEqual(8);
    const found = (list: typeof findings): string[] =>
      list.flatMap(({ kind, keys }) => keys.map((key) => `${kind} ${JSON.stringify(key)}`)).sort();
    expect(found(findings)).toEqual(found(whole.findings));
    expect(found(findings)).toHaveLength(3);
    const [first] = runs;
    expect(first).toMatchObject({ isComplete: false, tables: [{ rows: 2, histories: 0 }] });
    expect(first.next).toMatch(/^[\w-]+$/);
  });

  it('says ok of what it has looked at only', async () => {
    await dataSource.query(`UPDATE seat SET price = 2 WHERE place = 3`);
    const { runs } = await inPieces(Seat);
    expect(runs.slice(0, 3).map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(runs.at(-1)).toMatchObject({ ok: true, isComplete: true });
    expect(runs.at(-1)).not.toHaveProperty('next');
  });

  it('is complete where the time is enough', async () => {
    const report = await audit.maintenance.verify(Seat, { timeBudgetSeconds: 600 });
    expect(report).toEqual({
      ok: true,
      isComplete: true,
      findings: [],
      tables: [{ table: dataSource.getMetadata(Seat).tablePath, rows: 6, histories: 6 }],
    });
  });

  it('refuses bad values before it reads anything', async () => {
    const { next } = await audit.maintenance.verify(Seat, { batchSize: 2, timeBudgetSeconds: NO_TIME });
    const place = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { tablePath } = dataSource.getMetadata(Seat);
    // Whoever reads fails otherwise.
    await dataSource.destroy();
    const refused = async (
      entity: typeof Seat | typeof Guest,
      options: object,
      message: string,
    ): Promise<void> => {
      const error: unknown = await audit.maintenance
        .verify(entity, options)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as Error).message).toContain(message);
    };
    for (const timeBudgetSeconds of [0, -1, Number.NaN, '60', null])
      await refused(
        Seat,
        { timeBudgetSeconds },
        'timeBudgetSeconds must be a number of seconds above 0, got ',
      );
    await refused(Guest, { from: next }, 'from must be the next of a verify() of the same entities, got ');
    for (const from of [
      'x',
      '',
      7,
      null,
      place([tablePath]),
      place([tablePath, 'columns', null]),
      place([tablePath, 'rows', ['a']]),
      place([tablePath, 'rows', ['a', null]]),
      place([tablePath, 'rows', ['a', { date: 'x' }]]),
      place([tablePath, 'rows', 7]),
    ])
      await refused(Seat, { from }, 'Leave it out to begin at the start.');
    dataSource = await new DataSource(database.options).initialize();
  });
});
