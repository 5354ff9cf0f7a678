import { type ObjectLiteral, RelationQueryBuilder } from 'typeorm';
import { HistoryReadOnlyError } from '../../audit.errors.js';

/** A relation query builder that loads past relations and refuses to change them. */
export class AsOfRelationQueryBuilder<E extends ObjectLiteral> extends RelationQueryBuilder<E> {
  override async set(): Promise<never> {
    throw new HistoryReadOnlyError('relation().set()');
  }

  override async add(): Promise<never> {
    throw new HistoryReadOnlyError('relation().add()');
  }

  override async remove(): Promise<never> {
    throw new HistoryReadOnlyError('relation().remove()');
  }

  override async addAndRemove(): Promise<never> {
    throw new HistoryReadOnlyError('relation().addAndRemove()');
  }
}
