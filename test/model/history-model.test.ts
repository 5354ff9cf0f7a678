import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource, type EntityManager } from 'typeorm';
import { attachCapture } from '../../src/capture/attach-capture.js';
import { now } from '../../src/revision/clock.js';
import { AuditContext } from '../../src/context/audit-context.js';
import { HistoryService } from '../../src/history/history.service.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../support/servers/databases.js';
import { expectInvariants } from '../support/assertions/invariants.js';
import { commands } from './commands.js';
import { entities, Purchase } from '../support/entities/shop.js';
import { keyOf, Model, type Row, type State, type TableName, TABLES, type Value } from './model.js';

/** `npm run test:model -- --runs 20000 --seed 42` */
const RUNS = Number(process.env.MODEL_RUNS ?? (process.env.LONG_TESTS === 'true' ? 2000 : 50));
const SEED = process.env.MODEL_SEED ? Number(process.env.MODEL_SEED) : Date.now() % 2 ** 31;

type Step =
  | { kind: 'write'; name: string; pick: number; value: number }
  | { kind: 'transaction'; steps: Step[]; rollBack: boolean };

const write: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('write' as const),
  name: fc.constantFrom(...Object.keys(commands)),
  pick: fc.nat(7),
  value: fc.nat(7),
});
const steps = fc.letrec<{ step: Step; transaction: Step }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 3 },
    { weight: 5, arbitrary: write },
    { weight: 1, arbitrary: tie('transaction') },
  ),
  transaction: fc.record({
    kind: fc.constant('transaction' as const),
    steps: fc.array(tie('step'), { minLength: 1, maxLength: 5 }),
    rollBack: fc.boolean(),
  }),
}));
const sequence = fc.array(steps.step, { minLength: 8, maxLength: 20, size: 'max' });

describeDatabases('the history is what a model says it was', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(name);
    dataSource = new DataSource({ ...database.options, entities, synchronize: true });
    await dataSource.initialize();
    attachCapture(dataSource, {}, new AuditContext());
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it(
    `after any of ${RUNS} sequences (seed ${SEED})`,
    async () => {
      await fc.assert(
        fc.asyncProperty(sequence, async (sequence) => {
          await clear(dataSource);
          const model = new Model();
          const past: { at: number; state: State }[] = [];
          for (const step of sequence) {
            await take(step, dataSource.manager, model);
            past.push({ at: now(), state: model.snapshot() });
          }
          expect(await live(dataSource)).toEqual(model.state);
          const revisions = await readRevisions(dataSource);
          for (const { at, state } of past) expect(rebuild(revisions, at)).toEqual(state);
          for (const { at, state } of pickSome(past, 2))
            await expectTimeTravel(dataSource, revisions, at, state);
          await expectInvariants(dataSource);
        }),
        { numRuns: RUNS, seed: SEED },
      );
    },
    Math.max(120_000, RUNS * 500),
  );
});

class RollBack extends Error {}

async function take(step: Step, db: EntityManager, model: Model): Promise<void> {
  if (step.kind === 'write') return commands[step.name](db, model, step.pick, step.value);
  const before = model.snapshot();
  try {
    await db.transaction(async (inner) => {
      for (const next of step.steps) await take(next, inner, model);
      if (step.rollBack) throw new RollBack();
    });
  } catch (error) {
    if (!(error instanceof RollBack)) throw error;
    model.state = before;
  }
}

const tables = Object.keys(TABLES) as TableName[];

async function clear(dataSource: DataSource): Promise<void> {
  const all = [
    'line',
    'note',
    'purchase_tags',
    'purchase',
    'tag',
    'customer',
    ...tables.map((table) => `${table}_rev`),
  ];
  for (const table of all) await dataSource.query(`DELETE FROM ${dataSource.driver.escape(table)}`);
}

async function live(dataSource: DataSource): Promise<State> {
  const state = new Model().state;
  for (const table of tables)
    for (const row of await rowsOf(dataSource, table)) state[table].set(keyOf(table, row.values), row.values);
  return state;
}

interface Revision {
  id: string;
  table: TableName;
  created: number;
  isDelete: boolean;
  values: Row;
}

async function readRevisions(dataSource: DataSource): Promise<Revision[]> {
  const revisions: Revision[] = [];
  for (const table of tables)
    for (const { raw, values } of await rowsOf(dataSource, table, '_rev'))
      revisions.push({
        id: raw.rev_id as string,
        table,
        created: Number(raw.rev_created),
        isDelete: Boolean(raw.rev_isdelete),
        values,
      });
  return revisions.sort((left, right) => left.created - right.created);
}

function rebuild(revisions: readonly Revision[], at: number): State {
  const { state } = new Model();
  for (const { table, created, isDelete, values } of revisions) {
    if (created > at) break;
    if (isDelete) state[table].delete(keyOf(table, values));
    else state[table].set(keyOf(table, values), values);
  }
  return state;
}

/** The same few for the same sequence, so that a failure can be repeated. */
function pickSome<T>(values: readonly T[], number: number): T[] {
  return Array.from(
    { length: number },
    (_, n) => values[Math.floor(((n + 1) * values.length) / (number + 1))],
  );
}

/** Reads every table, and purchases with what belongs to them, as they were just after an instant's newest revision. */
async function expectTimeTravel(
  dataSource: DataSource,
  revisions: readonly Revision[],
  at: number,
  state: State,
): Promise<void> {
  const newest = revisions.filter(({ created }) => created <= at).at(-1);
  if (!newest) return;
  const then = new HistoryService(dataSource).at(newest);
  const escape = (name: string): string => dataSource.driver.escape(name);
  for (const table of tables) {
    const columns = TABLES[table].columns.map((column) => `x.${escape(column)} AS ${escape(column)}`);
    const query = then.createQueryBuilder(table, 'x').withDeleted().select(columns);
    const rows = valuesOf(table, await query.getRawMany());
    expect(new Map(rows.map(({ values }) => [keyOf(table, values), values]))).toEqual(state[table]);
  }
  const purchases = await then.find(Purchase, { relations: { lines: true, tags: true } });
  const related = purchases.map(({ id, lines, tags }) => ({
    id,
    lines: lines.map(({ sku, position }) => `${sku}|${position}`).sort(),
    tags: tags.map(({ name }) => name).sort(),
  }));
  const of = (table: TableName, id: Value): Row[] =>
    [...state[table].values()].filter(({ purchaseId }) => purchaseId === id);
  const expected = [...state.purchase.values()].map(({ id }) => ({
    id,
    lines: of('line', id)
      .map((row) => keyOf('line', row))
      .sort(),
    tags: of('purchase_tags', id)
      .map(({ tagName }) => tagName)
      .sort(),
  }));
  const byId = (left: { id: Value }, right: { id: Value }): number => Number(left.id) - Number(right.id);
  expect(related.sort(byId)).toEqual(expected.sort(byId));
}

async function rowsOf(
  dataSource: DataSource,
  table: TableName,
  suffix = '',
): Promise<{ raw: Record<string, unknown>; values: Row }[]> {
  const rows = await dataSource.query<Record<string, unknown>[]>(
    `SELECT * FROM ${dataSource.driver.escape(`${table}${suffix}`)}`,
  );
  return valuesOf(table, rows);
}

function valuesOf(
  table: TableName,
  rows: readonly Record<string, unknown>[],
): { raw: Record<string, unknown>; values: Row }[] {
  return rows.map((raw) => {
    const columns = TABLES[table].columns.map((column) => [
      column,
      column === 'deletedAt' ? raw[column] !== null : (raw[column] as Value),
    ]);
    return { raw, values: Object.fromEntries(columns) as Row };
  });
}
