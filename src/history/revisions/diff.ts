import { type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { changesBetween } from '../reader/changes.js';
import { type Change } from '../history.types.js';
import { type RowRevisions } from './row-revisions.js';
import { assertVersion } from '../arguments/version.js';

/** What differs between two versions of a row. @throws InvalidArgumentError naming 'from' or 'to' */
export async function readDiff(
  row: RowRevisions<ObjectLiteral>,
  from: number,
  to: number,
): Promise<Change[]> {
  assertVersion('from', from);
  assertVersion('to', to);
  const revisions = await row.rows({ where: ['r.rev_version IN ({{from}}, {{to}})'], values: { from, to } });
  const [before, after] = Object.entries({ from, to }).map(([argument, version]) => {
    const revision = revisions.find((candidate) => row.reader.version(candidate) === version);
    if (!revision) throw new InvalidArgumentError(argument, `${row.name} has no version ${version}.`);
    return row.reader.state(revision);
  });
  return changesBetween(before, after, row.reader.properties);
}
