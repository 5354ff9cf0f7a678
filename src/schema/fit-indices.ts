import { type QueryRunner, TableIndex } from 'typeorm';
import { type Schema } from '../dialect/schema/schema.js';
import { statementsOf } from '../typeorm/schema-statements.js';
import { type TableDraft } from './table-draft.js';

/** Drops the indices that a table is not to have: an old unique one would refuse revisions. */
export async function dropIndices(
  queryRunner: QueryRunner,
  draft: TableDraft,
  schema: Schema,
): Promise<void> {
  for (const index of draft.indices.filter((index) => !isWanted(draft, index))) {
    const known = draft.table.indices.find(({ name }) => name === index.name)!;
    const { up, down } = await statementsOf(queryRunner, () => queryRunner.dropIndex(draft.table, known));
    draft.add({
      up: up.flatMap((statement) => schema.dropIndex(draft.metadata, index.name, statement)),
      down: down.flatMap((statement) => schema.createIndex(draft.metadata, index.name, statement)),
    });
    draft.indices.splice(draft.indices.indexOf(index), 1);
  }
}

/** Makes the indices that a table lacks. */
export async function createIndices(
  queryRunner: QueryRunner,
  draft: TableDraft,
  schema: Schema,
): Promise<void> {
  for (const metadata of draft.metadata.indices) {
    const index = TableIndex.create(metadata);
    if (draft.indices.some((actual) => isSameIndex(draft, actual, index))) continue;
    const { up, down } = await statementsOf(queryRunner, () => queryRunner.createIndex(draft.table, index));
    draft.add({
      up: up.flatMap((statement) => schema.createIndex(draft.metadata, index.name!, statement)),
      // A unique one would refuse revisions of the version before.
      down: down.flatMap((statement) => schema.dropIndex(draft.metadata, index.name!, statement)),
    });
  }
}

type DraftIndex = TableDraft['indices'][number];

function isWanted(draft: TableDraft, index: DraftIndex): boolean {
  return draft.metadata.indices.some((metadata) => isSameIndex(draft, index, TableIndex.create(metadata)));
}

// The order of the columns isn't compared: not every query runner of TypeORM's reads it.
function isSameIndex(draft: TableDraft, actual: DraftIndex, wanted: TableIndex): boolean {
  return (
    actual.isUnique === wanted.isUnique &&
    actual.columns.length === wanted.columnNames.length &&
    actual.columns.every((name) => wanted.columnNames.some((other) => draft.isSame(name, other)))
  );
}
