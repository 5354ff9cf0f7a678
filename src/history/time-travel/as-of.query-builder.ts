import {
  type DataSource,
  type ObjectLiteral,
  type QueryBuilder,
  type QueryRunner,
  SelectQueryBuilder,
} from 'typeorm';
import { HistoryReadOnlyError } from '../../audit.errors.js';
import { readingRunner } from '../revisions/reading.js';
import { AsOfRelationQueryBuilder } from './as-of.relation-query-builder.js';
import { HistoricInstances } from './historic-instances.js';
import { type Past, pastOf } from '../past/past.js';

/**
 * TypeORM's SELECT over the tables as they were. It only changes the names of the tables and puts common table
 * expressions in front of the statement. So every SELECT of TypeORM works on the past too.
 */
export class AsOfQueryBuilder<E extends ObjectLiteral> extends SelectQueryBuilder<E> {
  private readonly shadow: DataSource;
  private readonly past: Past;

  /** @param source a shadow data source, or a builder to clone */
  constructor(source: DataSource | QueryBuilder<any>, queryRunner?: QueryRunner) {
    super(source as DataSource, queryRunner);
    this.shadow = source instanceof AsOfQueryBuilder ? source.shadow : (source as DataSource);
    this.past = pastOf(this.shadow);
  }

  // The outermost statement carries the expressions for all of its sub-selects, including those in plain SQL.
  override getQuery(): string {
    const sql = super.getQuery();
    return this.expressionMap.subQuery ? sql : this.past.shadow(sql);
  }

  /** Adds the moment to the cache id. Under the bare id the cache may hold rows of the present. */
  override cache(enabledOrDurationOrId: boolean | number | string, duration?: number): this {
    return typeof enabledOrDurationOrId === 'string'
      ? super.cache(`${enabledOrDurationOrId}@${this.past.moment.name}`, duration)
      : super.cache(enabledOrDurationOrId as number, duration);
  }

  override setLock(): this {
    throw new HistoryReadOnlyError('setLock()');
  }

  override insert(): never {
    throw new HistoryReadOnlyError('insert()');
  }

  override update(): never {
    throw new HistoryReadOnlyError('update()');
  }

  override delete(): never {
    throw new HistoryReadOnlyError('delete()');
  }

  override softDelete(): never {
    throw new HistoryReadOnlyError('softDelete()');
  }

  override restore(): never {
    throw new HistoryReadOnlyError('restore()');
  }

  override relation(...target: [any, any?]): any {
    // TypeORM's relation() makes a builder that can write.
    super.relation(...(target as [any, any]));
    return new AsOfRelationQueryBuilder(this);
  }

  protected override getTableName(tablePath: string): string {
    return this.past.nameOf(tablePath) ?? super.getTableName(tablePath);
  }

  // The shadow data source hands out no query runners.
  protected override obtainQueryRunner(): QueryRunner {
    // A statement that runs by itself is not a sub-query, so it has to carry the expressions.
    this.expressionMap.subQuery = false;
    if (this.queryRunner) return this.queryRunner;
    const queryRunner = readingRunner(this.past.dataSource);
    this.past.ownRunners.add(queryRunner);
    return queryRunner;
  }

  protected override async loadRawResults(queryRunner: QueryRunner): Promise<any> {
    await this.past.assertExists(queryRunner);
    const rows: unknown = await super.loadRawResults(queryRunner);
    if (this.past.ownRunners.has(queryRunner)) await this.past.lookAtTables(queryRunner);
    return rows;
  }

  protected override async executeEntitiesAndRawResults(
    queryRunner: QueryRunner,
  ): Promise<{ entities: E[]; raw: any[] }> {
    const { callListeners, mainAlias } = this.expressionMap;
    // Listeners run later, when the instances are registered as historic and their lazy relations lead into the past.
    this.expressionMap.callListeners = false;
    const result = await super.executeEntitiesAndRawResults(queryRunner);
    this.expressionMap.callListeners = callListeners;
    if (!mainAlias?.hasMetadata) return result;
    new HistoricInstances(this.past, this.shadow.relationLoader, this.expressionMap.joinAttributes).adopt(
      result.entities,
      mainAlias.metadata,
    );
    if (callListeners && result.entities.length > 0)
      await queryRunner.broadcaster.broadcast('Load', mainAlias.metadata, result.entities);
    return result;
  }
}
