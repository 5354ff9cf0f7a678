import { Get, Inject, NotFoundException, Param, Query } from '@nestjs/common';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { AUDIT_HISTORY, AUDITED_DATA_SOURCE } from '../audit.tokens.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { HistoryService } from '../history/history.service.js';
import {
  type Change,
  type ChangesOptions,
  type Page,
  type Revision,
  type TimelineOptions,
} from '../history/revision.js';
import { AuditedEntities, type EntityDescription } from './audited-entities.js';
import { parseEntityKey } from './entity-key.js';
import { Documented } from './openapi.decorator.js';
import {
  AS_OF_QUERY,
  CHANGES,
  CHANGES_QUERY,
  DIFF_QUERY,
  ENTITIES,
  ENTITY,
  PAGE,
  REVISION,
  REVISIONS,
  TIMELINE_QUERY,
} from './openapi.schemas.js';
import {
  parseDate,
  parseInteger,
  parseMoment,
  parseOrder,
  parseQuery,
  parseText,
  required,
} from './query.js';
import { UrlSegment } from './url-segment.decorator.js';

type QueryParameters = Record<string, unknown>;

/** An entity of which the path names one. */
interface Addressed {
  target: EntityTarget<ObjectLiteral>;
  key: object;
}

/** The history over HTTP. AuditModule registers it at the path of its `endpoints`. */
export class AuditController {
  constructor(
    @Inject(AuditedEntities) private readonly entities: AuditedEntities,
    @Inject(AUDIT_HISTORY) private readonly history: HistoryService,
    @Inject(AUDITED_DATA_SOURCE) private readonly dataSource: DataSource,
  ) {}

  @Get()
  @Documented({ summary: 'The audited entities', path: [], answer: ENTITIES })
  index(@Query() query: QueryParameters): EntityDescription[] {
    parseQuery(query, {});
    return this.entities.list();
  }

  @Get('changes')
  @Documented({
    summary: 'The revisions of all entities, newest first',
    path: [],
    query: CHANGES_QUERY,
    answer: PAGE,
  })
  async changes(@Query() query: QueryParameters): Promise<Page<Revision>> {
    const { entity, ...options } = parseQuery(query, {
      entity: parseText,
      actor: parseText,
      transaction: parseText,
      from: parseDate,
      to: parseDate,
      operation: parseText,
      limit: parseInteger,
      cursor: parseText,
    });
    if (entity !== undefined) this.entities.assertRecorded(entity);
    return this.history.changes({ ...(options as ChangesOptions), ...(entity && { entities: [entity] }) });
  }

  // Before the paths of entities, of which it could be one.
  @Get('transactions/:id')
  @Documented({ summary: 'The revisions of one transaction, in order', path: ['id'], answer: REVISIONS })
  async transaction(@Param('id') id: string, @Query() query: QueryParameters): Promise<Revision[]> {
    parseQuery(query, {});
    const revisions = await this.history.transaction(id);
    if (revisions.length === 0) throw new NotFoundException(`No revision is of transaction ${id}.`);
    return revisions;
  }

  @Get(':entity/:id')
  @Documented({ summary: 'The revisions of one entity, newest first', query: TIMELINE_QUERY, answer: PAGE })
  async timeline(
    @Param('entity') entity: string,
    @UrlSegment(-1) id: string,
    @Query() query: QueryParameters,
  ): Promise<Page<Revision>> {
    const addressed = this.address(entity, id);
    const options: TimelineOptions = parseQuery(query, {
      limit: parseInteger,
      cursor: parseText,
      order: parseOrder,
      from: parseDate,
      to: parseDate,
      actor: parseText,
      property: parseText,
    });
    const page = await this.history.timeline(addressed.target, addressed.key, options);
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
  ): Promise<Revision> {
    const { target, key } = this.address(entity, id);
    parseQuery(query, {});
    const revision = await this.history.revision(target, key, parseInteger('version', version));
    if (!revision) throw new NotFoundException(`${entity} ${id} has no version ${version}.`);
    return revision;
  }

  @Get(':entity/:id/diff')
  @Documented({ summary: 'What differs between two versions', query: DIFF_QUERY, answer: CHANGES })
  async diff(
    @Param('entity') entity: string,
    @UrlSegment(-2) id: string,
    @Query() query: QueryParameters,
  ): Promise<Change[]> {
    const addressed = this.address(entity, id);
    const parsed = parseQuery(query, { from: parseInteger, to: parseInteger });
    const from = required('from', parsed.from);
    const to = required('to', parsed.to);
    await this.assertHistory(addressed, entity, id);
    return this.history.diff(addressed.target, addressed.key, from, to);
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
  ): Promise<ObjectLiteral> {
    const addressed = this.address(entity, id);
    const at = required('at', parseQuery(query, { at: parseMoment }).at);
    const state = await this.history.asOf(addressed.target, addressed.key, at);
    if (state) return state;
    await this.assertHistory(addressed, entity, id);
    const moment = typeof at === 'number' ? `in version ${at}` : `at ${at.toISOString()}`;
    throw new NotFoundException(`${entity} ${id} did not exist ${moment}.`);
  }

  private address(entity: string, id: string): Addressed {
    const plan: AuditPlan = this.entities.get(entity);
    return { target: plan.metadata.target, key: parseEntityKey(id, this.dataSource, plan) };
  }

  private async assertHistory({ target, key }: Addressed, entity: string, id: string): Promise<void> {
    if (!(await this.history.latest(target, key)))
      throw new NotFoundException(`${entity} ${id} has no history.`);
  }
}
