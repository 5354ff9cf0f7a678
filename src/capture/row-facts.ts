import { type EntityMetadata } from 'typeorm';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { type WriteKind } from '../dialect/dialect.js';
import { givenRows, isNumbered } from './inserted-keys.js';
import { type RowFacts } from './recordable.js';

/** What mysql2 tells of an update: of the rows that it matched, how many it changed. */
interface Matched {
  readonly affectedRows: number;
  readonly changedRows: number;
}

/** What the statements of one table have told of their rows: facts that hold for all of them, or are not known. */
export class ToldFacts {
  private areInserted: boolean | undefined;
  private areGenerated: boolean | undefined;
  private haveChanged: boolean | undefined;
  private updates = 0;

  /** Takes in what a statement and its result tell. */
  add(kind: WriteKind, table: EntityMetadata, expressionMap: QueryExpressionMap, raw: unknown): void {
    if (kind === 'insert') {
      const rows = givenRows(expressionMap);
      const isGenerated = rows !== undefined && isNumbered(table, rows, expressionMap);
      this.areGenerated = (this.areGenerated ?? true) && isGenerated;
      const { onIgnore, onUpdate } = expressionMap;
      this.areInserted = (this.areInserted ?? true) && !onIgnore && !onUpdate;
    } else if (kind === 'update') this.addUpdate(raw);
  }

  of(kind: WriteKind): RowFacts {
    const { areInserted, areGenerated, haveChanged } = this;
    return kind === 'insert' ? { areInserted, areGenerated } : kind === 'update' ? { haveChanged } : {};
  }

  private addUpdate(raw: unknown): void {
    const changed = isMatched(raw) ? changedAll(raw) : undefined;
    this.haveChanged = this.updates++ === 0 || this.haveChanged === changed ? changed : undefined;
  }
}

/** The facts that hold for rows of several writes. */
export function sharedFacts(facts: readonly RowFacts[]): RowFacts {
  const shared = <K extends keyof RowFacts>(name: K): RowFacts[K] | undefined =>
    facts.every((fact) => fact[name] === facts[0][name]) ? facts[0]?.[name] : undefined;
  return {
    areInserted: shared('areInserted'),
    areGenerated: shared('areGenerated'),
    haveChanged: shared('haveChanged'),
  };
}

function changedAll({ affectedRows, changedRows }: Matched): boolean | undefined {
  if (changedRows === 0) return false;
  return changedRows === affectedRows ? true : undefined;
}

function isMatched(raw: unknown): raw is Matched {
  return typeof (raw as Partial<Matched> | undefined)?.changedRows === 'number';
}
