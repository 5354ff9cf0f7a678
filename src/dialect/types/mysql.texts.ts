import { type DataSource, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Texts } from './texts.js';

/** The character set that holds every text. */
export const ANY_TEXT = 'utf8mb4';

/**
 * Each column has a character set of its own. Our columns have utf8mb4, but in revision tables of earlier versions of
 * the library they have the schema's. If the connection has another character set, the driver silently sends other
 * characters ("Łukasz" becomes "Aukasz" under latin1). On such a connection, texts travel as bytes.
 */
export function mysqlTexts(dataSource: DataSource): Texts {
  const isWide = sendsAnyText(dataSource);
  const taking = new Set<ColumnMetadata>();

  return {
    problem: async (queryRunner, column, text) => {
      if (taking.has(column)) return undefined;
      const { charset, type } = await definitionOf(queryRunner, column);
      if (charset === ANY_TEXT || charset === null) {
        taking.add(column);
        return undefined;
      }
      if (await holds(queryRunner, charset, text)) return undefined;
      const { databaseName, entityMetadata } = column;
      const escape = (name: string): string => dataSource.driver.escape(name);
      const table = entityMetadata.tablePath.split('.').map(escape).join('.');
      return (
        `the column has the character set ${charset}, which lacks a character of it. Convert the column: ` +
        `ALTER TABLE ${table} MODIFY ${escape(databaseName)} ${type} CHARACTER SET ${ANY_TEXT} NULL.`
      );
    },
    parameter: (text) => (isWide ? text : Buffer.from(text)),
    // JSON columns are always utf8mb4, and escaped JSON means the same.
    json: (_, __, json) => Promise.resolve(isWide ? json : escapeUnicode(json)),
    isUntranslatable: () => false,
  };
}

/** Whether the connections of a data source have the character set utf8mb4. */
function sendsAnyText({ options }: DataSource): boolean {
  const { charset, extra } = options as { charset?: string; extra?: { charset?: string } };
  return (extra?.charset ?? charset ?? ANY_TEXT).toLowerCase().startsWith(ANY_TEXT);
}

async function definitionOf(
  queryRunner: QueryRunner,
  { databaseName, entityMetadata: { database, tableName } }: ColumnMetadata,
): Promise<{ charset: string | null; type: string }> {
  const [row = { charset: null, type: '' }] = (await queryRunner.query(
    `SELECT character_set_name AS charset, column_type AS type FROM information_schema.columns ` +
      `WHERE table_schema = coalesce(?, database()) AND table_name = ? AND column_name = ?`,
    [database ?? null, tableName, databaseName],
  )) as { charset: string | null; type: string }[];
  return row;
}

// The conversion to a character set replaces characters that it lacks by question marks.
async function holds(queryRunner: QueryRunner, charset: string, text: string): Promise<boolean> {
  const hex = Buffer.from(text).toString('hex');
  const [{ kept }] = (await queryRunner.query(
    `SELECT lower(hex(CONVERT(CONVERT(CONVERT(unhex(?) USING ${ANY_TEXT}) USING ${charset}) USING ${ANY_TEXT}))) AS kept`,
    [hex],
  )) as { kept: string }[];
  return kept === hex;
}

function escapeUnicode(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
