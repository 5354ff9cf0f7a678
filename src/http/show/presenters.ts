import { Inject, Injectable } from '@nestjs/common';
import { type AuditModuleShape } from '../../audit.options.js';
import { AUDIT_SHAPE } from '../../audit.tokens.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type SerializerOptions } from '../../audited/class-transformer.js';
import { type FeedEvent } from '../../history/types/feed.js';
import { type Revision } from '../../history/types/revision.js';
import { AuditedEntities } from '../audited-entities.js';
import { HiddenProperties } from './hidden-properties.js';
import { toJson } from './json.js';
import { jsonWithin } from './large-values.js';
import { Presenter } from './presenter.js';

const DEFAULT_VALUE_LIMIT = 16 * 1024;

/** Makes the presenters of one request. */
@Injectable()
export class Presenters {
  constructor(
    @Inject(AuditedEntities) private readonly entities: AuditedEntities,
    @Inject(HiddenProperties) private readonly hidden: HiddenProperties,
    @Inject(AUDIT_SHAPE) private readonly shape: AuditModuleShape,
  ) {}

  of(plan: AuditPlan, serialization: SerializerOptions): Presenter {
    return new Presenter(plan, this.hiddenOf(plan, serialization));
  }

  /** Whether the values of a property, by the audited name of its entity, may be hidden. The key never is. */
  hiding(serialization: SerializerOptions): (entity: string, property: string) => boolean {
    return (entity, property) => {
      const plan = this.entities.ofRevision({ entity });
      if (plan.keys.some(({ propertyPath }) => propertyPath === property)) return false;
      const presenter = this.of(plan, serialization);
      return presenter.asksEntity || !presenter.shows(property, null);
    };
  }

  /** The paths of the hidden properties. */
  hiddenOf(plan: AuditPlan, serialization: SerializerOptions): ReadonlySet<string> {
    return this.hidden.of(plan, serialization);
  }

  /**
   * Presents the items of a list: revisions, which may come from several tables, and events.
   *
   * @param root the path of the endpoints, for links to revisions
   * @param snapshot whether each revision comes with its snapshot
   */
  list(
    serialization: SerializerOptions,
    root: string,
    snapshot = false,
  ): (item: Revision | FeedEvent) => object {
    const presenters = new Map<AuditPlan, Presenter>();
    const valueLimit = this.shape.endpoints?.valueLimit ?? DEFAULT_VALUE_LIMIT;
    return (item) => {
      if (isEvent(item))
        return { ...(toJson(item) as object), details: jsonWithin(valueLimit, item.details, null) };
      const revision = item;
      const plan = this.entities.ofRevision(revision);
      let presenter = presenters.get(plan);
      if (!presenter) presenters.set(plan, (presenter = this.of(plan, serialization)));
      return presenter.item(revision, { snapshot, valueLimit, root });
    };
  }
}

function isEvent(item: Revision | FeedEvent): item is FeedEvent {
  return (item as Partial<FeedEvent>).kind === 'event';
}
