import {
  DeleteQueryBuilder,
  type DeleteResult,
  InsertQueryBuilder,
  type InsertResult,
  type ObjectLiteral,
  UpdateQueryBuilder,
  type UpdateResult,
} from 'typeorm';
import { type QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js';
import { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
import { type WriteKind } from '../dialect/dialect.js';
import { BuilderWrite } from './builder-write.js';

/** TypeORM's builders of writes, by the names under which it makes them, as subclasses that record what they write. */
export const auditedQueryBuilders: Record<string, (queryBuilder: QueryBuilder<any>) => QueryBuilder<any>> = {
  InsertQueryBuilder: (queryBuilder) => new AuditedInsertQueryBuilder(queryBuilder),
  UpdateQueryBuilder: (queryBuilder) => new AuditedUpdateQueryBuilder(queryBuilder),
  DeleteQueryBuilder: (queryBuilder) => new AuditedDeleteQueryBuilder(queryBuilder),
  SoftDeleteQueryBuilder: (queryBuilder) => new AuditedSoftDeleteQueryBuilder(queryBuilder as never),
};

class AuditedInsertQueryBuilder<E extends ObjectLiteral> extends InsertQueryBuilder<E> {
  private readonly write = new BuilderWrite(this, 'insert');

  override async execute(): Promise<InsertResult> {
    return this.write.execute(() => super.execute());
  }

  protected override createReturningExpression(type: WriteKind): string {
    return this.write.returning(super.createReturningExpression(type));
  }
}

class AuditedUpdateQueryBuilder<E extends ObjectLiteral> extends UpdateQueryBuilder<E> {
  private readonly write = new BuilderWrite(this, 'update');

  override where(...given: Parameters<UpdateQueryBuilder<E>['where']>): this {
    super.where(...given);
    this.write.noteCriteria(typeof given[0] === 'object' ? given[0] : undefined);
    return this;
  }

  override whereInIds(ids: any): this {
    super.whereInIds(ids);
    this.write.noteCriteria(ids);
    return this;
  }

  override async execute(): Promise<UpdateResult> {
    return this.write.execute(() => super.execute());
  }

  protected override createReturningExpression(type: WriteKind): string {
    return this.write.returning(super.createReturningExpression(type));
  }
}

class AuditedDeleteQueryBuilder<E extends ObjectLiteral> extends DeleteQueryBuilder<E> {
  private readonly write = new BuilderWrite(this, 'delete');

  override where(...given: Parameters<DeleteQueryBuilder<E>['where']>): this {
    super.where(...given);
    this.write.noteCriteria(typeof given[0] === 'object' ? given[0] : undefined);
    return this;
  }

  override whereInIds(ids: any): this {
    super.whereInIds(ids);
    this.write.noteCriteria(ids);
    return this;
  }

  override async execute(): Promise<DeleteResult> {
    return this.write.execute(() => super.execute());
  }

  protected override createReturningExpression(type: WriteKind): string {
    return this.write.returning(super.createReturningExpression(type));
  }
}

class AuditedSoftDeleteQueryBuilder<E extends ObjectLiteral> extends SoftDeleteQueryBuilder<E> {
  private readonly write = new BuilderWrite(this, 'update');

  override where(...given: Parameters<SoftDeleteQueryBuilder<E>['where']>): this {
    super.where(...given);
    this.write.noteCriteria(typeof given[0] === 'object' ? given[0] : undefined);
    return this;
  }

  override whereInIds(ids: any): this {
    super.whereInIds(ids);
    this.write.noteCriteria(ids);
    return this;
  }

  override async execute(): Promise<UpdateResult> {
    return this.write.execute(() => super.execute());
  }

  protected override createReturningExpression(type: WriteKind): string {
    return this.write.returning(super.createReturningExpression(type));
  }
}
