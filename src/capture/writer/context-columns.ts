import { type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditContextError } from '../../audit.errors.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Dialect } from '../../dialect/dialect.js';
import { isAscii, markOf } from '../../dialect/types/texts.js';
import { type RevisionColumns } from '../../revision/revision-columns.js';

/** A write's context as the driver is given it. */
export interface StoredContext {
  readonly actor: unknown;
  readonly reason: unknown;
  /** JSON. */
  readonly context: string | null;
}

type ContextColumns = Readonly<Record<keyof StoredContext, ColumnMetadata>>;

/** The columns of a revision table that it goes to. */
export function contextColumns(revision: EntityMetadata): ContextColumns {
  const find = (property: keyof RevisionColumns): ColumnMetadata =>
    revision.findColumnWithPropertyName(property)!;
  return { actor: find('revActor'), reason: find('revReason'), context: find('revContext') };
}

/**
 * A write's context as its columns take it. Who wrote and why is stored exactly or not at all, and a write whose actor
 * can't be stored fails. The rest is often a client's to choose, who must not make writes fail by it: there, marks such
 * as `[U+0000]` stand for what no database, or not this one, can store.
 *
 * @throws AuditContextError
 */
export function storedContext(
  dialect: Dialect,
  queryRunner: QueryRunner,
  { actor, reason, context }: WriteContext,
  columns: ContextColumns,
): StoredContext | Promise<StoredContext> {
  const json = context && withoutHoles(JSON.stringify(context));
  const { texts } = dialect.types;
  if (!texts || [actor, reason, json].every((text) => text === null || isAscii(text)))
    return { actor, reason, context: json };
  const text = async (name: 'actor' | 'reason', value: string | null): Promise<unknown> => {
    if (value === null || isAscii(value)) return value;
    const column = columns[name];
    const problem = await texts.refused(queryRunner, column, value);
    if (problem)
      throw new AuditContextError(
        `The ${name} of a write, "${value}", can't be stored in ${column.entityMetadata.tablePath}.${column.databaseName}: ${problem}`,
      );
    return texts.sent(value);
  };
  // One after another, as they ask on one connection.
  return (async () => ({
    actor: await text('actor', actor),
    reason: await text('reason', reason),
    context: json === null || isAscii(json) ? json : await texts.json(queryRunner, columns.context, json),
  }))();
}

// JSON escapes the character 0, which PostgreSQL has no place for, and surrogates without their other half.
function withoutHoles(json: string): string {
  return json.replace(/\\(u0000|ud[89a-f]..|.)/g, (escape, code: string) =>
    code.length > 1 ? markOf(String.fromCharCode(Number.parseInt(code.slice(1), 16))) : escape,
  );
}
