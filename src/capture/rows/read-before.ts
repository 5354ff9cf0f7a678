import { type EntityMetadata, type QueryResult, type QueryRunner } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { AuditError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { affectedKeys, affectedRows, changedColumns, rekeyedColumns } from './rows-of-criteria.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { type RowReader } from './row-reader.js';
import { type Cascades } from './cascades.js';
import { assertTellsKeys, insertedKeys, keysOfConflicts, numberedColumn } from './rows-of-insert.js';
import { keyText } from '../../dialect/keys/key-text.js';
import { movedRows } from './rekey.js';
import { type RecordedOperation, type Write } from '../write/write.js';
import { type Unit } from '../unit/unit.js';

/** A builder's statement that is about to run. */
export interface WriteStatement {
  readonly reader: RowReader & { readonly cascades: Cascades };
  readonly builder: BuilderInternals;
  readonly queryRunner: QueryRunner;
  readonly table: EntityMetadata;
  /** The plan by which its own rows are recorded; undefined where only those are that it takes along. */
  readonly plan: AuditPlan | undefined;
  readonly kind: WriteKind;
  readonly operation: RecordedOperation;
  /** Whether its rows have to be known one by one. */
  readonly isTraced: boolean;
  /** Whether it will return the keys of the rows that it has written. */
  readonly isReturned: boolean;
  /** The key of the only row that it can write, where its criteria are no more than that. */
  readonly soleKey: Key | undefined;
  /** The unit that it is the only write of; undefined where it is one of several. */
  readonly unit: Unit | undefined;
}

/** The writes that a statement came to, told by its result. */
export type RowsAfter = (result: QueryResult, returned: Keys | undefined) => Promise<Write[]>;

/** Whether the database will change audited rows of other tables along with a write. */
export function followsWrite(
  { cascades }: { readonly cascades: Cascades },
  kind: WriteKind,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
): boolean {
  if (kind === 'delete') return cascades.foreignKeys.actingOnDelete(table).length > 0;
  return actingOnUpdate(cascades, table, expressionMap).length > 0;
}

/** Whether the rows of a write have to be known one by one: they are new, others follow them, or they may get other keys. */
export function areTraced(
  kind: WriteKind,
  isFollowed: boolean,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
): boolean {
  if (kind === 'insert' || isFollowed) return true;
  return kind === 'update' && rekeyedColumns(table, expressionMap).length > 0;
}

/** Reads before a statement what can't be known after it. */
export function writtenRows(statement: WriteStatement): Promise<RowsAfter> {
  const { kind, plan, isTraced } = statement;
  return plan && !isTraced ? plainRows(statement, plan) : tracedRows[kind](statement);
}

const tracedRows: Record<WriteKind, (statement: WriteStatement) => Promise<RowsAfter>> = {
  async insert({ reader, builder, queryRunner, table, plan, operation, isReturned, unit }) {
    const { expressionMap } = builder;
    const numbered =
      plan && !isReturned ? await numberedColumn(reader, queryRunner, table, expressionMap) : undefined;
    if (plan && !isReturned) assertTellsKeys(table, expressionMap, numbered);
    const { cascades } = reader;
    const followed = actingOnUpdate(cascades, table, expressionMap);
    // An upsert that overwrites keys ends the histories of those that it finds.
    const isFindable = followed.length > 0 || overwritesKeys(table, expressionMap);
    const found = isFindable ? await keysOfConflicts(reader, queryRunner, table, expressionMap) : [];
    if (isFindable) await unit?.renewSnapshot();
    const referring = await cascades.ofUpdate(queryRunner, followed, found);
    return async (result, returned) => {
      const keys =
        (returned as Key[] | undefined) ??
        (plan ? await insertedKeys(reader, queryRunner, table, expressionMap, result, numbered) : found);
      const cascaded = await cascades.afterUpdate(queryRunner, referring, keys);
      if (!plan) return cascaded;
      const left = new Set((await reader.keys.existing(queryRunner, table, found)).map(keyText));
      const gone = found.filter((key) => !left.has(keyText(key)));
      return [{ plan, operation: 'delete', keys: gone }, { plan, operation, keys }, ...cascaded];
    };
  },

  async delete(statement) {
    const { reader, builder, queryRunner, table, plan, operation } = statement;
    const { keys } = await affectedRows(reader, builder, queryRunner, table);
    const cascaded = await reader.cascades.ofDelete(queryRunner, table, keys);
    return async (result) => {
      assertAllRead(table, keys, result.affected ?? 0);
      const followed = reader.dialect.run.leavesChildren ? await deletedOf(statement, cascaded) : cascaded;
      return plan ? [{ plan, operation, keys }, ...followed] : followed;
    };
  },

  async update({ reader, builder, queryRunner, table, plan, operation, isReturned }) {
    const rekeyed = rekeyedColumns(table, builder.expressionMap);
    const followed = actingOnUpdate(reader.cascades, table, builder.expressionMap);
    const { keys, newKeys } = await affectedRows(
      reader,
      builder,
      queryRunner,
      table,
      isReturned ? [] : rekeyed,
    );
    const referring = await reader.cascades.ofUpdate(queryRunner, followed, keys);
    return async (result, returned) => {
      assertAllRead(table, keys, returned?.length ?? result.affected ?? 0);
      const next = (returned as Key[] | undefined) ?? newKeys;
      const own = plan ? movedRows(plan, operation, keys, rekeyed.length > 0 ? next : keys) : [];
      return [...own, ...(await reader.cascades.afterUpdate(queryRunner, referring, next))];
    };
  },
};

// Without the rows that should have been deleted and are still there.
async function deletedOf(
  { reader, queryRunner }: WriteStatement,
  writes: readonly Write[],
): Promise<Write[]> {
  const deleted: Write[] = [];
  for (const write of writes) {
    if (write.operation !== 'delete') {
      deleted.push(write);
      continue;
    }
    const keys = write.keys as Key[];
    const left = new Set((await reader.keys.existing(queryRunner, write.plan.metadata, keys)).map(keyText));
    deleted.push({ ...write, keys: keys.filter((key) => !left.has(keyText(key))) });
  }
  return deleted;
}

// All that has to be known of these rows is which they are.
async function plainRows(
  { reader, builder, queryRunner, table, operation, isReturned, soleKey }: WriteStatement,
  plan: AuditPlan,
): Promise<RowsAfter> {
  if (isReturned) return async (_, returned) => [{ plan, operation, keys: returned! }];
  if (soleKey) return async ({ affected }) => (affected === 0 ? [] : [{ plan, operation, keys: [soleKey] }]);
  const keys = await affectedKeys(reader, builder, queryRunner, table);
  return async (result) => {
    assertAllRead(table, keys, result.affected ?? 0);
    return [{ plan, operation, keys }];
  };
}

// Rows that were read are locked, but without REPEATABLE READ others can come to match the criteria before the write.
function assertAllRead({ name }: EntityMetadata, keys: Keys, affected: number): void {
  if (affected <= keys.length) return;
  throw new AuditError(
    `Rows of ${name} came to match the criteria of a write while it was being prepared, so that it can't be recorded, ` +
      `and has been undone. Try it again, or run it at isolation level REPEATABLE READ.`,
  );
}

function actingOnUpdate(
  { foreignKeys }: Cascades,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
): readonly ForeignKeyMetadata[] {
  const { queryType, onUpdate } = expressionMap;
  if (queryType === 'insert' && !onUpdate) return [];
  return foreignKeys.actingOnUpdate(table, () => changedColumns(table, expressionMap));
}

function overwritesKeys(table: EntityMetadata, expressionMap: QueryExpressionMap): boolean {
  if (!expressionMap.onUpdate) return false;
  const changed = changedColumns(table, expressionMap);
  return table.primaryColumns.some((column) => changed.has(column.databaseName));
}
