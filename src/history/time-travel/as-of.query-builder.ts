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
 * TypeORM's own select over the tables as they were. It only changes what the tables are called and what stands in
 * front of the statement, so that whatever TypeORM can select of the present it selects of the past.
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

  // The outermost statement has the expressions for all that is in it, for sub-selects in plain SQL too.
  override getQuery(): string {
    const sql = super.getQuery();
    return this.expressionMap.subQuery ? sql : this.past.shadow(sql);
  }

  /** With an id of the past's own: under the id as given the cache may hold what is there now. */
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
    // TypeORM's own gives itself a builder that can write.
    super.relation(...(target as [any, any]));
    return new AsOfRelationQueryBuilder(this);
  }

  protected override getTableName(tablePath: string): string {
    return this.past.nameOf(tablePath) ?? super.getTableName(tablePath);
  }

  // The shadow data source hands out no query runners.
  protected override obtainQueryRunner(): QueryRunner {
    // What is run by itself is no sub-query, and nothing else would bring the expressions.
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
    // They are called when the instances are known for historic and their lazy relations lead into the past.
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
