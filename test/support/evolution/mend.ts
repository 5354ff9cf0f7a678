import { type DataSource } from 'typeorm';
import { dialectOf } from '../../../src/dialect/dialect-of.js';
import { type DatabaseName } from '../servers/databases.js';
import { type Kind } from './kind.js';
import { type Migration, type Statement } from './version-database.js';

/** In place of a DROP and an ADD of a column of the entity's own table, its type is changed. */
export function mend(
  { after: { options = {} }, emptied }: Kind,
  name: DatabaseName,
  { up, down }: Migration,
  before: DataSource,
  after: DataSource,
): Migration {
  const columns = emptied?.[name] ?? [];
  const { renamed = {} } = options;
  const formerly = (name: string): string =>
    Object.keys(renamed).find((former) => renamed[former] === name) ?? name;
  const mended = (queries: readonly Statement[], of: DataSource, nameIn: typeof formerly): Statement[] => {
    const { metadata } = of.getRepository(of.entityMetadatas[0].target);
    const { schema } = dialectOf(of);
    const changes = columns.flatMap((name) => {
      const column = metadata.findColumnWithDatabaseName(nameIn(name))!;
      const place = { tablePath: metadata.tablePath, column: column.databaseName };
      return schema.widenColumn!(place, schema.columnType(column), column.isNullable);
    });
    const isOf = ({ query }: Statement): boolean =>
      columns.some((name) =>
        new RegExp(`^ALTER TABLE [\`"]item[\`"] (DROP COLUMN|ADD) [\`"]${name}[\`"]`).test(query),
      );
    return [...queries.filter((query) => !isOf(query)), ...changes.map((query) => ({ query }))];
  };
  return { up: mended(up, after, (name) => name), down: mended(down, before, formerly) };
}
