import { type CatchUpResult, type EraseResult, type PruneResult } from '../maintenance/maintenance.types.js';

const PAST = { write: 'wrote', remove: 'removed', erase: 'erased', keep: 'kept' };

/** Texts about the revisions that a run wrote or removed, or in a dry run would write or remove. */
export class OutcomeText {
  constructor(private readonly isDryRun: boolean) {}

  /** `seat: wrote 3 baselines`, and the total. */
  backfill(results: readonly CatchUpResult[]): string {
    return this.perTable('write', 'baseline', results, ({ missing }) => missing);
  }

  /** `seat: wrote 3 revisions`, the number of rows by kind of difference, and the total. */
  reconcile(results: readonly CatchUpResult[]): string {
    const count = ({ missing, stale, surplus }: CatchUpResult): number => missing + stale + surplus;
    const details = ({ missing, stale, surplus }: CatchUpResult): string =>
      ` (missing ${missing}, stale ${stale}, surplus ${surplus})`;
    return this.perTable('write', 'revision', results, count, details);
  }

  /** `seat: removed 14 revisions`, and the total. */
  prune(results: readonly PruneResult[]): string {
    return this.perTable('remove', 'revision', results, ({ removed }) => removed);
  }

  /** `guest: erased 2 revisions, kept version 3, which still has a value in name`. */
  erase({ table, erased, kept, remaining }: EraseResult): string {
    const newest = kept === null ? '' : `, ${this.did('keep')} version ${kept}`;
    const values = remaining.length > 0 ? `, which still has a value in ${remaining.join(', ')}` : '';
    return `${table}: ${this.did('erase')} ${countText(erased, 'revision')}${newest}${values}`;
  }

  private perTable<T extends { table: string }>(
    verb: keyof typeof PAST,
    noun: string,
    results: readonly T[],
    count: (result: T) => number,
    details: (result: T) => string = () => '',
  ): string {
    const line = (where: string, number: number): string =>
      `${where}: ${this.did(verb)} ${countText(number, noun)}`;
    const lines = results.map((result) => line(result.table, count(result)) + details(result));
    const total = results.reduce((sum, result) => sum + count(result), 0);
    return [...lines, line('In all', total)].join('\n');
  }

  private did(verb: keyof typeof PAST): string {
    return this.isDryRun ? `would ${verb}` : PAST[verb];
  }
}

function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
