import { type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { type JoinAttribute } from 'typeorm/query-builder/JoinAttribute.js';
import { type RelationLoader } from 'typeorm/query-builder/RelationLoader.js';
import { type HistoricEntities, historicEntitiesOf } from '../../revision/historic-entities.js';
import { type Past } from '../past/past.js';

/**
 * Registers loaded instances as historic, together with their loaded relations, and makes their lazy relations load
 * from the same moment.
 */
export class HistoricInstances {
  private readonly known: HistoricEntities;
  /** Joins that map their rows to a property which is not a relation. */
  private readonly mapped: readonly JoinAttribute[];

  constructor(
    private readonly past: Past,
    private readonly relationLoader: RelationLoader,
    joins: readonly JoinAttribute[],
  ) {
    this.known = historicEntitiesOf(past.dataSource);
    this.mapped = joins.filter(({ metadata, mapToProperty }) => metadata && mapToProperty);
  }

  adopt(value: unknown, metadata: EntityMetadata): void {
    for (const entity of Array.isArray(value) ? (value as unknown[]) : [value])
      // A relation loaded as an id is not an object.
      if (typeof entity === 'object' && entity !== null && !this.known.has(entity))
        this.adoptOne(entity, metadata);
  }

  private adoptOne(entity: ObjectLiteral, declared: EntityMetadata): void {
    this.known.set(entity, this.past.moment.name);
    const metadata = declared.findInheritanceMetadata(entity);
    // TypeORM has just set them up to load from the present.
    for (const relation of metadata.lazyRelations) this.relationLoader.enableLazyLoad(relation, entity);
    for (const relation of metadata.relations)
      this.adopt(relation.getEntityValue(entity), relation.inverseEntityMetadata);
    for (const { mapToPropertyPropertyName, metadata: joined } of this.mapped)
      this.adopt(entity[mapToPropertyPropertyName!], joined!);
  }
}
