import { type DataSource, DeleteQueryBuilder, InsertQueryBuilder, UpdateQueryBuilder } from 'typeorm';
import { type QueryBuilder } from 'typeorm/query-builder/QueryBuilder.js';
import { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { typeormVersion } from '../../typeorm/version.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { BuilderCapture } from './builder-capture.js';
import { factsOf } from './builder-facts.js';

/** The methods of a builder that we override. TypeORM declares some of them protected. */
interface Builder {
  execute(): Promise<unknown>;
  createReturningExpression(type: WriteKind): string;
  where(...given: unknown[]): this;
  whereInIds(ids: unknown): this;
}

type BuilderClass = new (...given: any[]) => Builder;
type BuilderFactory = (queryBuilder: QueryBuilder<any>) => QueryBuilder<any>;

/** Subclasses of TypeORM's builders that record their writes, by the names under which TypeORM makes builders. */
export const auditedQueryBuilders: Record<string, BuilderFactory> = {
  InsertQueryBuilder: factoryOf(recording(InsertQueryBuilder, 'insert')),
  UpdateQueryBuilder: factoryOf(noting(recording(UpdateQueryBuilder, 'update'))),
  DeleteQueryBuilder: factoryOf(noting(recording(DeleteQueryBuilder, 'delete'))),
  SoftDeleteQueryBuilder: factoryOf(noting(recording(SoftDeleteQueryBuilder, 'update'))),
};

const KINDS: Partial<Record<string, WriteKind>> = {
  insert: 'insert',
  update: 'update',
  'soft-delete': 'update',
  restore: 'update',
  delete: 'delete',
};

/**
 * Looks at a builder that is about to be executed. Nobody would record a write that is a common table expression of
 * another builder's statement, nor a write by a builder of another class: both are refused.
 *
 * @throws AuditError
 */
export function checkExecution(builder: QueryBuilder<any>): void {
  for (const { queryBuilder } of builder.expressionMap.commonTableExpressions) {
    if (typeof queryBuilder === 'string') continue;
    const { write } = queryBuilder as Recording;
    if (write) write.refuseToBePart();
    else assertRecords(queryBuilder);
  }
  const { write } = builder as Recording;
  if (write) write.noteQueryRunner();
  else assertRecords(builder);
}

type Recording = QueryBuilder<any> & { readonly write?: BuilderCapture };

/** @throws UnrecordedWriteError when a data source makes other builders of writes than the above */
export function assertBuildersRecord(dataSource: DataSource): void {
  const builder = (): QueryBuilder<any> => dataSource.createQueryBuilder();
  const made = [builder().insert(), builder().update(), builder().delete(), builder().softDelete()];
  if (made.some((each) => !(each as Recording).write)) throw otherBuilder();
}

function assertRecords(builder: QueryBuilder<any>): void {
  const kind = KINDS[builder.expressionMap.queryType];
  if (kind && factsOf(builder as unknown as BuilderInternals, kind)) throw otherBuilder();
}

function otherBuilder(): UnrecordedWriteError {
  return new UnrecordedWriteError(
    new AuditError(
      `The query builder of this write is not one of nestjs-typeorm-audit (TypeORM ${typeormVersion()}), so it can't be ` +
        `recorded, and nothing was written. Make builders by createQueryBuilder(), not by their classes, and let nothing ` +
        `replace QueryBuilder.registerQueryBuilderClass() or what it has registered.`,
    ),
  );
}

function factoryOf(Audited: BuilderClass): BuilderFactory {
  return (queryBuilder) => new Audited(queryBuilder) as unknown as QueryBuilder<any>;
}

function recording(Base: unknown, kind: WriteKind) {
  return class extends (Base as BuilderClass) {
    readonly write = new BuilderCapture(this, kind);

    override async execute(): Promise<unknown> {
      return this.write.execute(() => super.execute());
    }

    override createReturningExpression(type: WriteKind): string {
      return this.write.returning(super.createReturningExpression(type));
    }
  };
}

// UPDATE and DELETE have criteria, which may be ids.
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
