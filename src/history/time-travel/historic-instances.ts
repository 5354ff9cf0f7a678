import { type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { type JoinAttribute } from 'typeorm/query-builder/JoinAttribute.js';
import { type RelationLoader } from 'typeorm/query-builder/RelationLoader.js';
import { type HistoricEntities, historicEntitiesOf } from '../../revision/historic-entities.js';
import { type Past } from '../past/past.js';

/**
 * Makes loaded instances historic, and all that was loaded with them: they are remembered as such, and their lazy
 * relations lead to what was related then.
 */
export class HistoricInstances {
  private readonly known: HistoricEntities;
  /** Joins whose rows are at a property that is no relation. */
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
      // A relation that was loaded as an id is no object.
      if (typeof entity === 'object' && entity !== null && !this.known.has(entity))
        this.adoptOne(entity, metadata);
  }

  private adoptOne(entity: ObjectLiteral, declared: EntityMetadata): void {
    this.known.set(entity, this.past.moment.name);
    const metadata = declared.findInheritanceMetadata(entity);
    // TypeORM has just made them lead to the present.
    for (const relation of metadata.lazyRelations) this.relationLoader.enableLazyLoad(relation, entity);
    for (const relation of metadata.relations)
      this.adopt(relation.getEntityValue(entity), relation.inverseEntityMetadata);
    for (const { mapToPropertyPropertyName, metadata: joined } of this.mapped)
      this.adopt(entity[mapToPropertyPropertyName!], joined!);
  }
}
