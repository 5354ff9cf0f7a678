import { DeleteQueryBuilder, InsertQueryBuilder, UpdateQueryBuilder } from 'typeorm';
import { type QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js';
import { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
import { type WriteKind } from '../dialect/dialect.js';
import { BuilderWrite } from './builder-write.js';

/** What is overridden of a builder, some of which TypeORM keeps to its subclasses. */
interface Builder {
  execute(): Promise<unknown>;
  createReturningExpression(type: WriteKind): string;
  where(...given: unknown[]): this;
  whereInIds(ids: unknown): this;
}

type BuilderClass = new (...given: any[]) => Builder;
type BuilderFactory = (queryBuilder: QueryBuilder<any>) => QueryBuilder<any>;

/** TypeORM's builders of writes, by the names under which it makes them, as subclasses that record what they write. */
export const auditedQueryBuilders: Record<string, BuilderFactory> = {
  InsertQueryBuilder: factoryOf(recording(InsertQueryBuilder, 'insert')),
  UpdateQueryBuilder: factoryOf(noting(recording(UpdateQueryBuilder, 'update'))),
  DeleteQueryBuilder: factoryOf(noting(recording(DeleteQueryBuilder, 'delete'))),
  SoftDeleteQueryBuilder: factoryOf(noting(recording(SoftDeleteQueryBuilder, 'update'))),
};

/**
 * Refuses a write that is part of another builder's statement, as its common table expression: nobody would record it.
 *
 * @throws AuditError
 */
export function refuseWritesWithin({ expressionMap }: QueryBuilder<any>): void {
  for (const { queryBuilder } of expressionMap.commonTableExpressions) {
    if (typeof queryBuilder === 'string') continue;
    const { write } = queryBuilder as QueryBuilder<any> & { readonly write?: BuilderWrite };
    write?.refuseToBePart();
  }
}

function factoryOf(Audited: BuilderClass): BuilderFactory {
  return (queryBuilder) => new Audited(queryBuilder) as unknown as QueryBuilder<any>;
}

function recording(Base: unknown, kind: WriteKind) {
  return class extends (Base as BuilderClass) {
    readonly write = new BuilderWrite(this, kind);

    override async execute(): Promise<unknown> {
      return this.write.execute(() => super.execute());
    }

    override createReturningExpression(type: WriteKind): string {
      return this.write.returning(super.createReturningExpression(type));
    }
  };
}

// Takes note of what the criteria are.
function noting(Base: ReturnType<typeof recording>): BuilderClass {
  return class extends Base {
    override where(...given: unknown[]): this {
      super.where(...given);
      this.write.noteCriteria(typeof given[0] === 'object' ? given[0] : undefined);
      return this;
    }

    override whereInIds(ids: unknown): this {
      super.whereInIds(ids);
      this.write.noteCriteria(ids);
      return this;
    }
  };
}
