import { type EntityMetadata, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditContextError } from '../../audit.errors.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Dialect } from '../../dialect/dialect.js';
import { isAscii, markOf } from '../../dialect/types/texts.js';
import { type Changeset } from '../../revision/changeset.js';
import { type RevisionColumns } from '../../revision/revision-columns.js';

/** A write's context as driver values. */
export interface ContextValues {
  readonly actor: unknown;
  readonly reason: unknown;
  /** JSON. */
  readonly context: string | null;
  readonly onBehalf: unknown;
  readonly action: unknown;
  readonly request: unknown;
}

type Texts = 'actor' | 'reason' | 'onBehalf' | 'action' | 'request';

/** The columns that a write's context goes to. */
export type ContextColumns = Readonly<
  Record<'actor' | 'reason' | 'context', ColumnMetadata> & Partial<Record<Texts, ColumnMetadata>>
>;

/** The columns of a revision table that hold the context, and those of its changesets. */
export function contextColumns(revision: EntityMetadata, changeset: EntityMetadata): ContextColumns {
  const find = (property: keyof RevisionColumns): ColumnMetadata =>
    revision.findColumnWithPropertyName(property)!;
  const findBeside = (property: keyof Changeset): ColumnMetadata =>
    changeset.findColumnWithPropertyName(property)!;
  return {
    actor: find('revActor'),
    reason: find('revReason'),
    context: find('revContext'),
    onBehalf: findBeside('onBehalf'),
    action: findBeside('action'),
    request: findBeside('request'),
  };
}

/**
 * Encodes a write's context for its columns. All but the metadata is stored exactly: if the database can't store a
 * text, the write fails. Clients often choose the metadata and must not be able to make writes fail. So there, marks
 * such as `[U+0000]` replace characters that this database can't store.
 *
 * @param columnsOf asked only for a text that a database may not be able to store
 * @throws AuditContextError
 */
export function contextValues(
  dialect: Dialect,
  queryRunner: QueryRunner,
  { actor, reason, context, onBehalf, action, request }: WriteContext,
  columnsOf: () => ContextColumns,
): ContextValues | Promise<ContextValues> {
  const { texts } = dialect.types;
  const json = context && jsonOf(context);
  const all = [actor, reason, onBehalf, action, request, json];
  if (!texts || all.every((text) => text === null || isAscii(text)))
    return { actor, reason, context: json, onBehalf, action, request };
  const columns = columnsOf();
  const text = async (name: Texts, value: string | null): Promise<unknown> => {
    const column = columns[name];
    return column ? storedText(dialect, queryRunner, column, value, `${name} of a write`) : value;
  };
  // One after another, because the queries share a connection.
  return (async () => ({
    actor: await text('actor', actor),
    reason: await text('reason', reason),
    context: await storedJson(dialect, queryRunner, columns.context, context),
    onBehalf: await text('onBehalf', onBehalf),
    action: await text('action', action),
    request: await text('request', request),
  }))();
}

/**
 * A text as the value for a column.
 *
 * @param what names the text in the error
 * @throws AuditContextError when the column can't store it
 */
export async function storedText(
  { types: { texts } }: Dialect,
  queryRunner: QueryRunner,
  column: ColumnMetadata,
  value: string | null,
  what: string,
): Promise<unknown> {
  if (!texts || value === null || isAscii(value)) return value;
  const problem = await texts.problem(queryRunner, column, value);
  if (problem)
    throw new AuditContextError(
      `The ${what}, "${value}", can't be stored in ${column.entityMetadata.tablePath}.${column.databaseName}: ${problem}`,
    );
  return texts.parameter(value);
}

/** JSON as the value for a column. */
export async function storedJson(
  { types: { texts } }: Dialect,
  queryRunner: QueryRunner,
  column: ColumnMetadata,
  value: object | null,
): Promise<string | null> {
  const json = value && jsonOf(value);
  return !texts || json === null || isAscii(json) ? json : texts.json(queryRunner, column, json);
}

// JSON text escapes U+0000, which PostgreSQL can't store, and lone surrogates.
function jsonOf(value: object): string {
  return JSON.stringify(value).replace(/\\(u0000|ud[89a-f]..|.)/g, (escape, code: string) =>
    code.length > 1 ? markOf(String.fromCharCode(Number.parseInt(code.slice(1), 16))) : escape,
  );
}
