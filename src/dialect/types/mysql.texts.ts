import { type DataSource, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Texts } from './texts.js';

/** What holds every text. */
export const ANY_TEXT = 'utf8mb4';

/**
 * Each column has a character set of its own. Ours have one for all texts, but revision tables that earlier versions
 * have made have the schema's. And where the connection has another one, the driver sends other characters without a
 * word ("Łukasz" becomes "Aukasz" under latin1): there, texts travel as bytes.
 */
export function mysqlTexts(dataSource: DataSource): Texts {
  const isWide = sendsAnyText(dataSource);
  const taking = new Set<ColumnMetadata>();

  return {
    refused: async (queryRunner, column, text) => {
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
    sent: (text) => (isWide ? text : Buffer.from(text)),
    // Escapes are the same JSON, and its columns are utf8mb4 whatever the schema is.
    json: (_, __, json) => Promise.resolve(isWide ? json : escaped(json)),
    isUntranslatable: () => false,
  };
}

/** Whether the connections of a data source have a character set for all texts. */
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

// What a character set lacks is converted to a question mark.
async function holds(queryRunner: QueryRunner, charset: string, text: string): Promise<boolean> {
  const hex = Buffer.from(text).toString('hex');
  const [{ kept }] = (await queryRunner.query(
    `SELECT lower(hex(CONVERT(CONVERT(CONVERT(unhex(?) USING ${ANY_TEXT}) USING ${charset}) USING ${ANY_TEXT}))) AS kept`,
    [hex],
  )) as { kept: string }[];
  return kept === hex;
}

function escaped(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
