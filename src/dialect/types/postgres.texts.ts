import { type QueryRunner } from 'typeorm';
import { sqlStateOf } from '../run/driver-error.js';
import { withMarks, type Texts } from './texts.js';

/** The part of a client of the `pg` package that we use. */
interface PgClient {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

const UNTRANSLATABLE = '22P05';
const SAVEPOINT = 'audit_text';
const MOST_REMEMBERED = 1000;

/**
 * A database has one encoding for all columns. The client sends UTF-8. SQL_ASCII stores it as it is. For any other
 * encoding the server converts the text, or refuses it with an error. There is no other way to find out.
 */
export function postgresTexts(): Texts {
  let encoding: string | undefined;
  const known = new Map<string, boolean>();

  async function isTaken(queryRunner: QueryRunner, text: string): Promise<boolean> {
    // Beneath the query runner, so that nobody logs an expected error.
    const client = (await queryRunner.connect()) as PgClient;
    encoding ??= String(
      (await client.query(`SELECT current_setting('server_encoding') AS encoding`)).rows[0].encoding,
    );
    if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return true;
    let taken = known.get(text);
    if (taken === undefined) {
      taken = await accepts(client, text);
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(text, taken);
    }
    return taken;
  }

  return {
    problem: async (queryRunner, _, text) =>
      (await isTaken(queryRunner, text))
        ? undefined
        : `the database has the encoding ${encoding}, which lacks a character of it. ` +
          `Give ASCII, such as an id, or move to a database with the encoding UTF8.`,
    parameter: (text) => text,
    json: async (queryRunner, _, json) => ((await isTaken(queryRunner, json)) ? json : withMarks(json)),
    isUntranslatable: (error) => sqlStateOf(error) === UNTRANSLATABLE,
  };
}

async function accepts(client: PgClient, text: string): Promise<boolean> {
  await client.query(`SAVEPOINT ${SAVEPOINT}`);
  try {
    await client.query('SELECT $1::text', [text]);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === UNTRANSLATABLE) return false;
    throw error;
  } finally {
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`);
    await client.query(`RELEASE SAVEPOINT ${SAVEPOINT}`);
  }
}
