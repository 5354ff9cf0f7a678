import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DataSource } from 'typeorm';
import { importFile } from './import-file.js';
import { UsageError } from './usage-error.js';

/**
 * The data source that a file exports by default or under any name, or a promise of it, as for TypeORM's own commands.
 * The file is an ES module or CommonJS, JavaScript or TypeScript.
 *
 * @throws UsageError when the file doesn't exist, or doesn't export exactly one data source
 */
export async function loadDataSource(file: string): Promise<DataSource> {
  const url = pathToFileURL(resolve(file)).href;
  const exports = await importFile(resolve(file)).catch((error: unknown) => {
    if ((error as { code?: string; url?: string }).code !== 'ERR_MODULE_NOT_FOUND' || !isMissing(error, url))
      throw error;
    throw new UsageError(`The file ${file} does not exist. Give the file that exports the DataSource.`);
  });
  const inside = exports.default && !isDataSource(exports.default) ? Object.values(exports.default) : [];
  const values = await Promise.all([...Object.values(exports), ...inside]);
  const found = [...new Set(values.filter(isDataSource))];
  const byDefault = await exports.default;
  if (isDataSource(byDefault)) return byDefault;
  if (found.length === 1) return found[0];
  throw new UsageError(
    found.length === 0
      ? `${file} exports no DataSource. Export it: export default new DataSource({ … })`
      : `${file} exports ${found.length} data sources. Export one of them as the default.`,
  );
}

/** Connects without changing the schema or printing queries, whatever the data source's options say. */
export async function connect(dataSource: DataSource): Promise<DataSource> {
  if (dataSource.isInitialized) return dataSource;
  dataSource.setOptions({
    synchronize: false,
    migrationsRun: false,
    dropSchema: false,
    // Standard output is for the command's result. The list is empty because false would keep the present logger.
    logger: 'advanced-console',
    logging: [],
    maxQueryExecutionTime: undefined,
  });
  return dataSource.initialize();
}

// TypeORM's brand decides, not instanceof: the file may have loaded another copy of TypeORM.
function isDataSource(value: unknown): value is DataSource {
  return (
    (value as { '@instanceof'?: unknown } | null | undefined)?.['@instanceof'] === Symbol.for('DataSource')
  );
}

function isMissing(error: unknown, url: string): boolean {
  const { message, url: missing } = error as { message: string; url?: string };
  return missing === url || message.includes(new URL(url).pathname);
}
