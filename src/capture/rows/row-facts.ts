import { type EntityMetadata } from 'typeorm';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { numberColumnOf, rowsOfValues, isNumbered } from './rows-of-insert.js';
import { type RowFacts } from '../write/write.js';

/** mysql2's result of an update: the number of matched rows, and the number of changed rows. */
interface Matched {
  readonly affectedRows: number;
  readonly changedRows: number;
}

/** Facts from an insert's values, taken before it runs, because TypeORM adds generated keys to them afterwards. */
export interface ValueFacts {
  readonly areInserted: boolean;
  readonly areGenerated: boolean;
}

export function factsOfValues(table: EntityMetadata, expressionMap: QueryExpressionMap): ValueFacts {
  const { onIgnore, onUpdate } = expressionMap;
  const rows = rowsOfValues(expressionMap);
  return {
    areInserted: !onIgnore && !onUpdate,
    areGenerated: rows !== undefined && isNumbered(table, rows, expressionMap, numberColumnOf(table)),
  };
}

/** The facts that the values and the result of one statement give about its rows. */
export function factsOfResult(
  kind: WriteKind,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
  raw: unknown,
): RowFacts {
  const facts = new ResultFacts();
  facts.add(kind, factsOfValues(table, expressionMap), raw);
  return facts.of(kind);
}

/** Facts about the rows of one table's statements. A fact holds for all of them, or is unknown. */
export class ResultFacts {
  private areInserted: boolean | undefined;
  private areGenerated: boolean | undefined;
  private haveChanged: boolean | undefined;
  private updates = 0;

  /** Adds the facts of one statement and its result. */
  add(kind: WriteKind, given: ValueFacts, raw: unknown): void {
    if (kind === 'insert') {
      this.areInserted = (this.areInserted ?? true) && given.areInserted;
      this.areGenerated = (this.areGenerated ?? true) && given.areGenerated;
    } else if (kind === 'update') this.addUpdate(raw);
  }

  of(kind: WriteKind): RowFacts {
    const { areInserted, areGenerated, haveChanged } = this;
    return kind === 'insert' ? { areInserted, areGenerated } : kind === 'update' ? { haveChanged } : {};
  }

  private addUpdate(raw: unknown): void {
    const changed = isMatched(raw) ? haveAllChanged(raw) : undefined;
    this.haveChanged = this.updates++ === 0 || this.haveChanged === changed ? changed : undefined;
  }
}

function haveAllChanged({ affectedRows, changedRows }: Matched): boolean | undefined {
  if (changedRows === 0) return false;
  return changedRows === affectedRows ? true : undefined;
}

function isMatched(raw: unknown): raw is Matched {
  return typeof (raw as Partial<Matched> | undefined)?.changedRows === 'number';
}
