import { Get, Inject, NotFoundException, Param, Query } from '@nestjs/common';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError } from '../audit.errors.js';
import { type AuditModuleShape } from '../audit.options.js';
import { AUDIT_HISTORY, AUDIT_SHAPE, AUDITED_DATA_SOURCE } from '../audit.tokens.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { HistoryService } from '../history/history.service.js';
import { type Change } from '../history/types/change.js';
import { type Revision } from '../history/types/revision.js';
import { type EventFeedOptions, type FeedItem, type TransactionOptions } from '../history/types/feed.js';
import { type Page } from '../history/types/page.js';
import { type TimelineOptions } from '../history/types/timeline.js';
import { type SerializerOptions } from '../audited/class-transformer.js';
import { parseId } from '../history/arguments/parse-id.js';
import { AuditedEntities, type EntityDescription } from './audited-entities.js';
import { Documented } from './openapi/openapi.decorator.js';
import {
  AS_OF_QUERY,
  CHANGES,
  FEED,
  FEED_QUERY,
  DIFF_QUERY,
  ENTITIES,
  ENTITY,
  PAGE,
  REVISION,
  TIMELINE_QUERY,
  TRANSACTION,
  TRANSACTION_QUERY,
} from './openapi/openapi.schemas.js';
import { listOptions, propertiesIn } from './request/revision-filters.js';
import {
  AS_OF_PARAMETERS,
  FEED_PARAMETERS,
  DIFF_PARAMETERS,
  parseInteger,
  parseQuery,
  required,
  TIMELINE_PARAMETERS,
  TRANSACTION_PARAMETERS,
} from './request/query.js';
import { EndpointsRoot, Serialization, UrlSegment } from './request/request.decorators.js';
import { boundedPage } from './show/bounded-page.js';
import { Presenters } from './show/presenters.js';

type QueryParameters = Record<string, unknown>;

/** The entity in the path. */
export interface Addressed {
  plan: AuditPlan;
  target: EntityTarget<ObjectLiteral>;
  key: object;
}

/** The history over HTTP. AuditModule registers it at the path of its `endpoints`. */
export class AuditController {
  constructor(
    @Inject(AuditedEntities) protected readonly entities: AuditedEntities,
    @Inject(AUDIT_HISTORY) protected readonly history: HistoryService,
    @Inject(AUDITED_DATA_SOURCE) protected readonly dataSource: DataSource,
    @Inject(Presenters) protected readonly presenters: Presenters,
    @Inject(AUDIT_SHAPE) protected readonly shape: AuditModuleShape,
  ) {}

  @Get()
  @Documented({ summary: 'The audited entities', path: [], answer: ENTITIES })
  index(
    @Query() query: QueryParameters,
    @Serialization() serialization: SerializerOptions,
  ): EntityDescription[] {
    parseQuery(query, {});
    return this.entities.list((plan) => this.presenters.hiddenOf(plan, serialization));
  }

  @Get('feed')
  @Documented({
    summary: 'The revisions of all entities, newest first',
    path: [],
    query: FEED_QUERY,
    answer: FEED,
  })
  async feed(
    @Query() query: QueryParameters,
    @EndpointsRoot(1) root: string,
    @Serialization() serialization: SerializerOptions,
  ): Promise<Page<object>> {
    const { entity, snapshot, ...parameters } = parseQuery(query, FEED_PARAMETERS);
    const plan = entity === undefined ? undefined : this.entities.ofFeed(entity);
    if (plan)
      for (const [name, property] of propertiesIn(parameters))
        this.presenters.of(plan, serialization).assertForAll(name, property);
    const options = listOptions(parameters, plan, this.dataSource);
    const filter = { ...options, ...(entity && { entities: [entity] }) } as EventFeedOptions;
    return boundedPage<FeedItem, object>(
      filter,
      (portion) => this.history.feed({ ...filter, ...portion }),
      this.presenters.list(serialization, root, snapshot),
    );
  }

  // Declared before the routes of entities, because `transactions` would match as an entity name.
  @Get('transactions/:id')
  @Documented({
    summary: 'The revisions of one transaction, in order',
    path: ['id'],
    query: TRANSACTION_QUERY,
    answer: TRANSACTION,
  })
  async transaction(
    @Param('id') id: string,
    @Query() query: QueryParameters,
    @EndpointsRoot(2) root: string,
    @Serialization() serialization: SerializerOptions,
  ): Promise<Page<object>> {
    const { snapshot, ...options } = parseQuery(query, TRANSACTION_PARAMETERS);
    const page = await boundedPage(
      options as TransactionOptions,
      (portion) => this.history.transaction(id, portion),
      this.presenters.list(serialization, root, snapshot),
    );
    if (page.items.length === 0 && options.cursor === undefined)
      throw new NotFoundException(`No revision is of transaction ${id}.`);
    return page;
  }

  @Get(':entity/:id')
  @Documented({ summary: 'The revisions of one entity, newest first', query: TIMELINE_QUERY, answer: PAGE })
  async timeline(
    @Param('entity') entity: string,
    @UrlSegment(-1) id: string,
    @Query() query: QueryParameters,
    @EndpointsRoot(2) root: string,
    @Serialization() serialization: SerializerOptions,
  ): Promise<Page<object>> {
    const addressed = this.address(entity, id);
    const { snapshot, ...parameters } = parseQuery(query, TIMELINE_PARAMETERS);
    for (const [name, property] of propertiesIn(parameters))
      await this.assertProperty(addressed, property, serialization, name);
    const options = listOptions(parameters, addressed.plan, this.dataSource) as TimelineOptions;
    const page = await boundedPage(
      options,
      (portion) => this.history.timeline(addressed.target, addressed.key, { ...options, ...portion }),
      this.presenters.list(serialization, root, snapshot),
    );
    if (page.items.length === 0) await this.assertHistory(addressed, entity, id);
    return page;
  }

  @Get(':entity/:id/versions/:version')
  @Documented({ summary: 'One revision', path: ['entity', 'id', 'version'], answer: REVISION })
  async revision(
    @Param('entity') entity: string,
    @UrlSegment(-3) id: string,
    @Param('version') version: string,
    @Query() query: QueryParameters,
    @Serialization() serialization: SerializerOptions,
  ): Promise<object> {
    const { plan, target, key } = this.address(entity, id);
    parseQuery(query, {});
    const revision = await this.history.revision(target, key, parseInteger('version', version));
    if (!revision) throw new NotFoundException(`${entity} ${id} has no version ${version}.`);
    return this.presenters.of(plan, serialization).revision(revision);
  }

  @Get(':entity/:id/diff')
  @Documented({ summary: 'What differs between two versions', query: DIFF_QUERY, answer: CHANGES })
  async diff(
    @Param('entity') entity: string,
    @UrlSegment(-2) id: string,
    @Query() query: QueryParameters,
    @Serialization() serialization: SerializerOptions,
  ): Promise<Change[]> {
    const addressed = this.address(entity, id);
    const parsed = parseQuery(query, DIFF_PARAMETERS);
    const from = required('from', parsed.from);
    const to = required('to', parsed.to);
    const { plan, target, key } = addressed;
    const presenter = this.presenters.of(plan, serialization);
    const changes = await this.history.diff(target, key, from, to).catch(async (error: unknown) => {
      // Either the version doesn't exist, or the entity has no history. Without a history the answer is 404.
      if (error instanceof InvalidArgumentError) await this.assertHistory(addressed, entity, id);
      throw error;
    });
    if (!presenter.asksEntity) return presenter.changes(changes, null, null);
    const before = await this.history.asOf(target, key, from);
    return presenter.changes(changes, before, await this.history.asOf(target, key, to));
  }

  @Get(':entity/:id/as-of')
  @Documented({
    summary: 'The entity as it was at a moment or in a version',
    query: AS_OF_QUERY,
    answer: ENTITY,
  })
  async asOf(
    @Param('entity') entity: string,
    @UrlSegment(-2) id: string,
    @Query() query: QueryParameters,
    @Serialization() serialization: SerializerOptions,
  ): Promise<object> {
    const addressed = this.address(entity, id);
    const at = required('at', parseQuery(query, AS_OF_PARAMETERS).at);
    const state = await this.history.asOf(addressed.target, addressed.key, at);
    if (state) return this.presenters.of(addressed.plan, serialization).entity(state);
    await this.assertHistory(addressed, entity, id);
    const moment = typeof at === 'number' ? `in version ${at}` : `at ${at.toISOString()}`;
    throw new NotFoundException(`${entity} ${id} did not exist ${moment}.`);
  }

  protected address(entity: string, id: string): Addressed {
    const plan: AuditPlan = this.entities.get(entity);
    return { plan, target: plan.metadata.target, key: parseId(id, this.dataSource, plan) };
  }

  private async assertProperty(
    { plan, target, key }: Addressed,
    property: string,
    serialization: SerializerOptions,
    argument: string,
  ): Promise<void> {
    const presenter = this.presenters.of(plan, serialization);
    const newest = presenter.asksEntity ? await this.history.latest(target, key) : null;
    presenter.assertProperty(property, newest, argument);
  }

  /** The newest revision. @throws NotFoundException */
  protected async assertHistory({ target, key }: Addressed, entity: string, id: string): Promise<Revision> {
    const newest = await this.history.latest(target, key);
    if (!newest) throw new NotFoundException(`${entity} ${id} has no history.`);
    return newest;
  }
}
