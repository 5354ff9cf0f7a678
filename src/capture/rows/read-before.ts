import { type EntityMetadata, type QueryResult, type QueryRunner } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { AuditError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import {
  keysOfCriteria,
  columnsToChange,
  keysToChange,
  rowsOfCriteria,
  selectOfCriteria,
} from './rows-of-criteria.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { type RowReader } from './row-reader.js';
import { type Cascades } from './cascades.js';
import { assertTellsKeys, keysOfInsert, keysOfConflicts, numberColumnOfInsert } from './rows-of-insert.js';
import { keyText } from '../../dialect/keys/key-text.js';
import { rekey } from './rekey.js';
import { type RowsToChange, type WriteOperation, type Write } from '../write/write.js';
import { type Unit } from '../unit/unit.js';

/** A builder's statement that is about to run. */
export interface WriteStatement {
  readonly reader: RowReader & { readonly cascades: Cascades };
  readonly builder: BuilderInternals;
  readonly queryRunner: QueryRunner;
  readonly table: EntityMetadata;
  /** The plan of its own rows; undefined if only rows that refer to them are audited. */
  readonly plan: AuditPlan | undefined;
  readonly kind: WriteKind;
  readonly operation: WriteOperation;
  /** Whether recording needs the key of each row. */
  readonly needsEachKey: boolean;
  /** Whether the statement will return the keys of its rows. */
  readonly isReturned: boolean;
  /** The key in its criteria, if these consist of a key, so that it can write only one row. */
  readonly soleKey: Key | undefined;
  /** Whether rows that the statement is about to change may have to be recorded before it. */
  readonly mayLackHistory: boolean;
  /** The unit, if the statement is its only write. */
  readonly unit: Unit | undefined;
}

/** The result of reading before a statement. */
export interface Before {
  /** The rows that the statement is about to change or delete, as far as they may have to be recorded before it. */
  readonly rows: readonly RowsToChange[];
  /** The writes of the statement, from its result and the keys that it returned. */
  writesAfter(result: QueryResult, returned: Keys | undefined): Promise<Write[]>;
}

/** Whether a write reaches audited rows of other tables through foreign keys. */
export function cascadesToAudited(
  cascades: Cascades,
  kind: WriteKind,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
): boolean {
  if (kind === 'delete') return cascades.foreignKeys.actingOnDelete(table).length > 0;
  return actingOnUpdate(cascades, table, expressionMap).length > 0;
}

/** Whether an update may change the keys of its rows. */
export function changesKeys(
  kind: WriteKind,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
): boolean {
  return kind === 'update' && keysToChange(table, expressionMap).length > 0;
}

/** Reads before a statement everything that its result won't tell. */
export function readBefore(statement: WriteStatement): Promise<Before> {
  const { kind, plan, needsEachKey } = statement;
  if (plan && !needsEachKey) return beforePlainWrite(statement, plan);
  if (kind === 'insert') return beforeInsert(statement);
  return kind === 'delete' ? beforeDelete(statement) : beforeUpdate(statement);
}

async function beforeInsert(statement: WriteStatement): Promise<Before> {
  const { reader, builder, queryRunner, table, plan, operation, isReturned, unit } = statement;
  const { expressionMap } = builder;
  const { cascades } = reader;
  const numbered =
    plan && !isReturned ? await numberColumnOfInsert(reader, queryRunner, table, expressionMap) : undefined;
  if (plan && !isReturned) assertTellsKeys(table, expressionMap, numbered);
  const acting = actingOnUpdate(cascades, table, expressionMap);
  // An upsert that overwrites keys ends the histories of the existing rows that it finds.
  const mayEnd = acting.length > 0 || overwritesKeys(table, expressionMap);
  const isSought = mayEnd || (operation === 'upsert' && statement.mayLackHistory);
  const found = isSought ? await keysOfConflicts(reader, queryRunner, table, expressionMap) : [];
  if (isSought) await unit?.renewGuardedSnapshot();
  const referring = await cascades.beforeUpdate(queryRunner, acting, found);
  return {
    rows: [...toChange(plan, operation, found), ...cascades.toChange(referring)],
    async writesAfter(result, returned) {
      const keys =
        (returned as Key[] | undefined) ??
        (plan ? await keysOfInsert(reader, queryRunner, table, expressionMap, result, numbered) : found);
      const cascaded = await cascades.afterUpdate(queryRunner, referring, keys);
      if (!plan) return cascaded;
      const gone = await missing(reader, queryRunner, table, found);
      return [{ plan, operation: 'delete', keys: gone }, { plan, operation, keys }, ...cascaded];
    },
  };
}

async function beforeDelete(statement: WriteStatement): Promise<Before> {
  const { reader, builder, queryRunner, table, plan, operation } = statement;
  const { keys } = await rowsOfCriteria(reader, builder, queryRunner, table);
  const cascaded = await reader.cascades.ofDelete(queryRunner, table, keys);
  return {
    rows: [
      ...toChange(plan, operation, keys),
      ...cascaded.flatMap((write) => toChange(write.plan, write.operation, write.keys as Key[])),
    ],
    async writesAfter(result) {
      assertAllRead(table, keys, result.affected ?? 0);
      const deleted = reader.dialect.run.leavesChildren
        ? await withoutOrphans(reader, queryRunner, cascaded)
        : cascaded;
      return plan ? [{ plan, operation, keys }, ...deleted] : deleted;
    },
  };
}

async function beforeUpdate(statement: WriteStatement): Promise<Before> {
  const { reader, builder, queryRunner, table, plan, operation, isReturned } = statement;
  const { cascades } = reader;
  const rekeyed = keysToChange(table, builder.expressionMap);
  const acting = actingOnUpdate(cascades, table, builder.expressionMap);
  const workedOut = isReturned ? [] : rekeyed;
  const { keys, newKeys } = await rowsOfCriteria(reader, builder, queryRunner, table, workedOut);
  const referring = await cascades.beforeUpdate(queryRunner, acting, keys);
  return {
    rows: [...toChange(plan, operation, keys), ...cascades.toChange(referring)],
    async writesAfter(result, returned) {
      assertAllRead(table, keys, returned?.length ?? result.affected ?? 0);
      const next = (returned as Key[] | undefined) ?? newKeys;
      const own = plan
        ? rekey(
            plan,
            operation,
            keys,
            rekeyed.length > 0 ? next : keys,
            columnsToChange(table, builder.expressionMap),
          )
        : [];
      return [...own, ...(await cascades.afterUpdate(queryRunner, referring, next))];
    },
  };
}

/** Before a write that needs no more than the keys of its rows. */
async function beforePlainWrite(
  { reader, builder, queryRunner, table, operation, isReturned, soleKey, mayLackHistory }: WriteStatement,
  plan: AuditPlan,
): Promise<Before> {
  const sets =
    operation === 'update' && plan.gaps.size > 0 ? columnsToChange(table, builder.expressionMap) : undefined;
  if (isReturned)
    return {
      rows: mayLackHistory
        ? toChange(plan, operation, soleKey ? [soleKey] : selectOfCriteria(reader, builder, table))
        : [],
      writesAfter: async (_, returned) => [{ plan, operation, keys: returned!, sets }],
    };
  if (soleKey)
    return {
      rows: toChange(plan, operation, [soleKey]),
      writesAfter: async ({ affected }) =>
        affected === 0 ? [] : [{ plan, operation, keys: [soleKey], sets }],
    };
  const keys = await keysOfCriteria(reader, builder, queryRunner, table);
  return {
    rows: toChange(plan, operation, keys),
    async writesAfter(result) {
      assertAllRead(table, keys, result.affected ?? 0);
      return [{ plan, operation, keys, sets }];
    },
  };
}

function toChange(
  plan: AuditPlan | undefined,
  operation: WriteOperation,
  keys: RowsToChange['keys'],
): RowsToChange[] {
  return plan ? [{ plan, isDeleted: operation === 'delete', keys }] : [];
}

// The database may have kept rows that a foreign key action should have deleted, so check which ones are gone.
async function withoutOrphans(
  reader: RowReader,
  queryRunner: QueryRunner,
  writes: readonly Write[],
): Promise<Write[]> {
  const deleted: Write[] = [];
  for (const write of writes)
    deleted.push(
      write.operation === 'delete'
        ? { ...write, keys: await missing(reader, queryRunner, write.plan.metadata, write.keys as Key[]) }
        : write,
    );
  return deleted;
}

async function missing(
  { keys: keyReader }: RowReader,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  keys: readonly Key[],
): Promise<Key[]> {
  const left = new Set((await keyReader.existing(queryRunner, table, keys)).map(keyText));
  return keys.filter((key) => !left.has(keyText(key)));
}

// The rows read are locked. Below REPEATABLE READ other rows can start to match the criteria before the write.
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
  return foreignKeys.actingOnUpdate(table, () => columnsToChange(table, expressionMap));
}

function overwritesKeys(table: EntityMetadata, expressionMap: QueryExpressionMap): boolean {
  if (!expressionMap.onUpdate) return false;
  const changed = columnsToChange(table, expressionMap);
  return table.primaryColumns.some((column) => changed.has(column.databaseName));
}
