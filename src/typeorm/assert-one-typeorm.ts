import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { loadedModules } from './loaded-modules.js';

const MODULE = /[\\/]data-source[\\/]DataSource\.js$/;

type IsOfCopy = (copy: typeof DataSource) => boolean;

/**
 * Refuses a second copy of TypeORM. Each copy has its own classes, and this library wraps only the methods of its own
 * copy, so writes through the application's copy would not be recorded.
 *
 * @throws AuditConfigurationError naming both folders, when a data source comes from another copy
 */
export function assertOneTypeorm(dataSource: object): void {
  if (dataSource instanceof DataSource) return;
  const theirs = folderOf((copy) => dataSource instanceof copy);
  const ours = folderOf((copy) => copy === DataSource);
  throw new AuditConfigurationError(
    `Two copies of TypeORM are loaded, so the writes of this data source can't be recorded. ` +
      `The application's: ${describe(theirs)}. The one of nestjs-typeorm-audit: ${describe(ours)}. ` +
      (theirs && theirs === ours ? LOADED_TWICE : INSTALLED_TWICE),
  );
}

const LOADED_TWICE =
  'Both are the same files, loaded twice: in jest, load the data source and nestjs-typeorm-audit after the same ' +
  'jest.resetModules(); elsewhere look for a loader or a bundle that has a copy of its own.';

const INSTALLED_TWICE =
  '`npm ls typeorm`, `pnpm why typeorm` or `yarn why typeorm` shows who brings the second. Come to one: ' +
  '(1) run `npm dedupe`, `pnpm dedupe` or `yarn dedupe`; ' +
  '(2) if versions differ, name one version for all in "overrides" (npm), "pnpm.overrides" or "resolutions" (yarn), and install again; ' +
  '(3) in a monorepo, give all packages the same version of typeorm, and with pnpm of its drivers too; ' +
  '(4) if nestjs-typeorm-audit or a package of yours is linked, pack and install it instead, ' +
  'or remove node_modules/typeorm from its folder and run node with --preserve-symlinks.';

// TypeORM is CommonJS, even when imported, so Node's module cache lists every loaded copy.
function folderOf(isOfCopy: IsOfCopy): string | undefined {
  const file = loadedModules().find(({ filename, exports }) => {
    const copy = MODULE.test(filename) && (exports as { DataSource?: typeof DataSource }).DataSource;
    return typeof copy === 'function' && isOfCopy(copy);
  });
  return file?.filename.replace(MODULE, '');
}

function describe(folder: string | undefined): string {
  if (!folder) return 'in a bundle, or loaded in a way that hides its path';
  return `${versionIn(folder)} in ${folder}`;
}

function versionIn(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return version;
}
