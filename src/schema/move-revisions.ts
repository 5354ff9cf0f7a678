import { type DataSource, type QueryRunner, Table, TableIndex } from 'typeorm';
import { dialectOf } from '../dialect/dialect-of.js';
import { REVISION_COLUMNS } from '../revision/revision-columns.js';
import { statementsOf } from '../typeorm/schema-statements.js';

/** Gives a revision table another name, another schema, or both. */
export async function moveRevisions(
  queryRunner: QueryRunner,
  dataSource: DataSource,
  from: string,
  to: string,
): Promise<void> {
  const { schema } = dialectOf(dataSource);
  const { indices } = (await queryRunner.getTable(from))!;
  const statements = [
    ...schema.moveTable({ tablePath: from }, { tablePath: to }),
    ...(await renamesWithin(queryRunner, dataSource, from, to, indices)),
  ];
  for (const statement of statements) await queryRunner.query(statement);
}

/**
 * The statements that rename those indices and constraints whose names TypeORM has made from the table's name. They
 * would be in the way of a new table of the old name.
 */
async function renamesWithin(
  queryRunner: QueryRunner,
  dataSource: DataSource,
  from: string,
  to: string,
  indices: readonly TableIndex[],
): Promise<string[]> {
  const { schema } = dialectOf(dataSource);
  const { namingStrategy, driver } = dataSource;
  const table = { tablePath: to };
  const [oldName, newName] = [from, to].map((path) => driver.parseTableName(path).tableName);
  if (oldName === newName) return [];
  const statements: string[] = [];
  for (const { name, columnNames, isUnique, where } of indices) {
    if (name !== namingStrategy.indexName(oldName, columnNames, where)) continue;
    const given = namingStrategy.indexName(newName, columnNames, where);
    const index = new TableIndex({ name: given, columnNames, isUnique, where });
    const { up } = await statementsOf(queryRunner, () =>
      queryRunner.createIndex(new Table({ name: to }), index),
    );
    statements.push(...schema.renameIndex(table, name, given, up));
  }
  const key = (of: string): string => namingStrategy.primaryKeyName(of, [REVISION_COLUMNS.revId]);
  return [...statements, ...(schema.renamePrimaryKey?.(table, key(oldName), key(newName)) ?? [])];
}
