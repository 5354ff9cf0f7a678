import { QueryFailedError, type QueryResult, type QueryRunner } from 'typeorm';
import { KeyReturning } from '../rows/key-returning.js';
import { type Before, readBefore } from '../rows/read-before.js';
import { factsOfResult } from '../rows/row-facts.js';
import { rowsOfValues, tellsKeysOfInsert } from '../rows/rows-of-insert.js';
import { type Unit } from '../unit/unit.js';
import { type Write } from '../write/write.js';
import { type BuilderFacts, needsPlaces } from './builder-facts.js';

/** The statement of a builder's write, between what is read before it and the writes that it came to. */
export class BuilderStatement {
  /** Adds the keys to what the statement returns; undefined where it doesn't return them. */
  readonly keyReturning: KeyReturning | undefined;

  constructor(
    private readonly facts: BuilderFacts,
    private readonly queryRunner: QueryRunner,
  ) {
    this.keyReturning = keyReturningOf(facts, needsPlaces(facts.capture, queryRunner, facts.kind));
  }

  /** Runs the statement in a unit. If its writes can't be recorded, the transaction can't be committed. */
  async run(
    unit: Unit,
    text: string,
    parameters: unknown[],
    record: (writes: readonly Write[]) => Promise<void>,
  ): Promise<QueryResult> {
    const { facts, queryRunner, keyReturning } = this;
    const isReturned = keyReturning?.isAsked ?? false;
    const sent = keyReturning?.statement(text) ?? text;
    const { baselines } = facts.capture;
    const mayLackHistory =
      baselines.mayBeDue(facts.plan) &&
      (await (facts.flush ? baselines.isDue(unit, facts.plan) : baselines.isDueAtFirst(unit, facts.plan)));
    const before = await readBefore({
      ...facts,
      reader: facts.capture,
      queryRunner,
      isReturned,
      mayLackHistory,
      unit: facts.flush ? undefined : unit,
    });
    const areAll = !facts.flush && unit.hasOwnTransaction;
    if (before.rows.length > 0) await baselines.record(unit, before.rows, areAll);
    const result = await unit.watched(() => this.send(sent, parameters));
    try {
      await record(await this.writesAfter(before, result, isReturned));
    } catch (error) {
      unit.fail(error);
      throw error;
    }
    return result;
  }

  private async send(text: string, parameters: unknown[]): Promise<QueryResult> {
    try {
      return await this.queryRunner.query(text, parameters, true);
    } catch (error) {
      if (error instanceof QueryFailedError) this.keyReturning?.hideFrom(error);
      throw error;
    }
  }

  private async writesAfter(before: Before, result: QueryResult, isReturned: boolean): Promise<Write[]> {
    const { kind, table, plan, operation, builder } = this.facts;
    const facts = factsOfResult(kind, table, builder.expressionMap, result.raw);
    const rows = isReturned ? await this.keyReturning!.take(this.queryRunner, result) : undefined;
    const writes = await before.writesAfter(result, rows?.keys);
    const isOwn = (write: Write): boolean => write.plan === plan && write.operation === operation;
    return writes.map((write) => (isOwn(write) ? { ...write, ...facts, places: rows?.places } : write));
  }
}

function keyReturningOf(facts: BuilderFacts, hasPlaces: boolean): KeyReturning | undefined {
  const { capture, table, plan, kind, cascades, needsEachKey, soleKey, builder } = facts;
  const form = capture.dialect.keys.returning(kind);
  // The rows that refer to deleted ones have to be found before the DELETE.
  if (!plan || form === 'none' || (cascades && kind === 'delete')) return undefined;
  // TypeORM's own clause costs nothing.
  if (soleKey && form === 'appended') return undefined;
  // A statement with common table expressions of its own can't become one.
  const mayBePacked = !needsEachKey && !soleKey && builder.createCteExpression() === '';
  return new KeyReturning(
    capture,
    table,
    kind,
    form,
    () => !tellsKeysOfInsert(table, builder.expressionMap),
    mayBePacked ? capture.keys.packer(table) : undefined,
    hasPlaces,
    () => rowsOfValues(builder.expressionMap)?.length,
  );
}
