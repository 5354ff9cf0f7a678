import { type RawRow } from './raw-connection.js';

/** A table with its revisions, as plain SQL finds them. */
export interface AuditedTable {
  readonly name: string;
  readonly keys: readonly string[];
}

/**
 * What is wrong with the history of a table, judged on raw rows: an empty list when each row's versions count up from
 * 1 in the order of their times, the newest equals the row or says that it is deleted, and none changes nothing.
 */
export function violationsOf(table: AuditedTable, rows: RawRow[], revisions: RawRow[]): string[] {
  const keyOf = (row: RawRow): string => table.keys.map((key) => text(row[key])).join(', ');
  const live = new Map(rows.map((row) => [keyOf(row), row]));
  const histories = new Map<string, RawRow[]>([...live.keys()].map((key) => [key, []]));
  for (const revision of revisions) {
    const key = keyOf(revision);
    histories.set(key, [...(histories.get(key) ?? []), revision]);
  }
  return [...histories].flatMap(([key, history]) => {
    const sorted = history.sort((a, b) => Number(a.rev_version) - Number(b.rev_version));
    return [...inHistory(sorted), ...atItsEnd(live.get(key), sorted.at(-1))].map(
      (problem) => `${table.name} ${key}: ${problem}`,
    );
  });
}

function inHistory(history: RawRow[]): string[] {
  return history.flatMap((revision, index) => {
    const before = history[index - 1];
    const version = `version ${text(revision.rev_version)}`;
    return [
      Number(revision.rev_version) !== index + 1 && `${version} is revision number ${index + 1}`,
      before &&
        !(Number(revision.rev_created) > Number(before.rev_created)) &&
        `${version} isn't newer than the one before`,
      before && isEqual(revision, before) && `${version} changes nothing`,
    ].filter((problem) => typeof problem === 'string');
  });
}

function atItsEnd(row: RawRow | undefined, newest: RawRow | undefined): string[] {
  if (!newest) return ['the row has no revision'];
  if (!row) return isDelete(newest) ? [] : ['the row is gone, and the newest revision is no delete'];
  if (isDelete(newest)) return ['the row is there, and the newest revision is a delete'];
  return copiedColumns(newest)
    .filter((column) => column in row && text(row[column]) !== text(newest[column]))
    .map((column) => `${column} is ${text(row[column])}, and in the newest revision ${text(newest[column])}`);
}

function isEqual(revision: RawRow, before: RawRow): boolean {
  if (isDelete(revision) !== isDelete(before)) return false;
  return copiedColumns(revision).every((column) => text(revision[column]) === text(before[column]));
}

function copiedColumns(revision: RawRow): string[] {
  return Object.keys(revision).filter((column) => !column.startsWith('rev_'));
}

function isDelete({ rev_isdelete: value }: RawRow): boolean {
  return Buffer.isBuffer(value) ? value[0] === 1 : Number(value) === 1;
}

function text(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value ?? null);
}
