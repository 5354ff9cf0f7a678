import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { type DataSource, type EntityTarget, type QueryRunner } from 'typeorm';
import { AuditError } from '../../audit.errors.js';
import { type AuditOptions } from '../../audit.options.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { assertRequired } from '../../audited/required.js';
import { runMasked } from '../../audited/masks/mask-key.js';
import { knowShapesToRead } from '../../audited/shapes/know-shapes.js';
import { type Capture } from '../../capture/intercept/capture.js';
import { PlanSql } from '../../audited/plan-sql.js';
import { type AuditContext } from '../../context/audit-context.js';
import { resolveContext, type WriteContext } from '../../context/write-context.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key } from '../../dialect/keys/key.js';
import { compileStatement } from '../../dialect/run/statement.js';

const ATTEMPTS = 6;
const PATIENCE_MS = 10_000;

type Row = Record<string, unknown>;

/** Runs the statements of one data source's maintenance, in transactions of its own. */
export class MaintenanceSession {
  readonly dataSource: DataSource;
  readonly dialect: Dialect;

  constructor(
    readonly capture: Capture,
    private readonly options: AuditOptions,
    private readonly context: AuditContext,
  ) {
    this.dataSource = capture.dataSource;
    this.dialect = capture.dialect;
  }

  /** The table of an entity and the junction tables that it owns, or all audited tables. @throws NotAuditedError */
  plansOf(entity: EntityTarget<any> | undefined): AuditPlan[] {
    const { plans } = this.capture;
    if (entity === undefined) return plans.all;
    const plan = plans.get(entity);
    const junctions = plan.metadata.manyToManyRelations
      .filter((relation) => relation.isManyToManyOwner)
      .map((relation) => plans.find(relation.junctionEntityMetadata!));
    return [...new Set([plan, ...junctions])].filter((found) => found !== undefined);
  }

  /** Reads what revisions of other shapes don't know, unless that is known already. */
  knowShapes(): Promise<void> {
    return this.connected((queryRunner) => knowShapesToRead(this.capture.plans, queryRunner));
  }

  sqlOf(plan: AuditPlan): PlanSql {
    return new PlanSql(this.dataSource, plan);
  }

  /** The actor and reason of the run. @throws ActorRequiredError, ReasonRequiredError */
  async writeContext(plan: AuditPlan): Promise<WriteContext> {
    const context = await resolveContext(this.context, this.options);
    assertRequired(plan, this.options, context);
    return context;
  }

  /** Runs a function in a transaction of its own. Runs it again if it failed because of another transaction. */
  async transaction<T>(fn: (queryRunner: QueryRunner) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++)
      try {
        return await this.connected((queryRunner) =>
          this.capture.units.run(queryRunner, () => fn(queryRunner)),
        );
      } catch (error) {
        if (attempt === ATTEMPTS || !this.dialect.locks.isConflict(error)) throw error;
        await sleep(attempt * 20 * (1 + Math.random()));
      }
  }

  /** Runs a function that only reads. */
  async connected<T>(fn: (queryRunner: QueryRunner) => Promise<T>): Promise<T> {
    const queryRunner = this.dataSource.createQueryRunner();
    try {
      if (this.dialect.sessions.sharesConnection) await this.untilIdle(queryRunner);
      return await fn(queryRunner);
    } finally {
      await queryRunner.release();
    }
  }

  /** Compiles a template and reads rows with it. */
  async select<T = Row>(queryRunner: QueryRunner, template: string, values: Row = {}): Promise<T[]> {
    const statement = compileStatement(this.dialect, template);
    return runMasked(this.dataSource, queryRunner, statement, values, async (bound) => {
      return (await queryRunner.query(statement.text, bound)) as T[];
    });
  }

  /** Compiles a template, writes with it, and returns the number of rows written. */
  async write(queryRunner: QueryRunner, template: string, values: Row): Promise<number> {
    const statement = compileStatement(this.dialect, template);
    const { affected } = await runMasked(this.dataSource, queryRunner, statement, values, (bound) =>
      this.dialect.run.execute(queryRunner, statement, bound),
    );
    return affected;
  }

  /** Locks the rows of keys, and returns the keys of these rows. `skipLocked` skips rows that others hold. */
  async lock(
    queryRunner: QueryRunner,
    { metadata }: AuditPlan,
    keys: readonly Key[],
    skipLocked: boolean,
  ): Promise<Key[]> {
    const from = this.dialect.locks.forUpdate('t', skipLocked);
    return this.capture.keys.select(queryRunner, metadata, keys, { table: metadata, alias: 't', from });
  }

  /** Locks rows against writes, but not against rows that refer to them. Skips rows that others hold. */
  async lockToRead(queryRunner: QueryRunner, { metadata }: AuditPlan, keys: readonly Key[]): Promise<Key[]> {
    const from = this.dialect.locks.forNoKeyUpdate('t', true);
    return this.capture.keys.select(queryRunner, metadata, keys, { table: metadata, alias: 't', from });
  }

  // A rollback of another's open transaction on the only connection would roll our writes back too.
  private async untilIdle(queryRunner: QueryRunner): Promise<void> {
    // The driver is synchronous, so without this nobody else would run until the end.
    await setImmediate();
    for (const until = Date.now() + PATIENCE_MS; queryRunner.isTransactionActive; await sleep(2))
      if (Date.now() > until)
        throw new AuditError(
          'Another transaction stays open on the only connection that this database has. ' +
            'Call AuditMaintenance outside of transactions, and try again.',
        );
  }
}
