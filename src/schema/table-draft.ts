import { type EntityMetadata, type Table } from 'typeorm';
import { isKeptOf, keptName } from '../audited/shapes/column-gap.js';
import { type ActualColumn, type Catalogue } from '../dialect/catalogue/catalogue.js';
import { REVISION_COLUMNS } from '../revision/revision-columns.js';
import { type SchemaStatements } from '../typeorm/schema-statements.js';

/** An index of a table, by its columns. TypeORM makes the name from theirs, and renames don't change it here. */
interface DraftIndex {
  readonly name: string;
  columns: string[];
  readonly isUnique: boolean;
}

/** A table of this library as it will be after the statements so far. */
export class TableDraft {
  readonly indices: DraftIndex[];
  private readonly columns: ActualColumn[];
  /** The names that the columns which were there from the start have now. */
  private readonly before: string[];
  private readonly steps: SchemaStatements[] = [];

  constructor(
    readonly metadata: EntityMetadata,
    /** As TypeORM has read it. */
    readonly table: Table,
    columns: readonly ActualColumn[],
    private readonly catalogue: Catalogue,
  ) {
    this.columns = [...columns];
    this.before = columns.map(({ name }) => name);
    this.indices = table.indices.map(({ name, columnNames, isUnique }) => ({
      name: name!,
      columns: columnNames,
      isUnique,
    }));
  }

  /** The path of the table, and the name of a column. */
  place(column: string): { tablePath: string; column: string } {
    return { tablePath: this.metadata.tablePath, column };
  }

  /** All columns. */
  get all(): readonly ActualColumn[] {
    return this.columns;
  }

  find(name: string): ActualColumn | undefined {
    return this.columns.find((column) => this.isSame(column.name, name));
  }

  /** Whether two names are one column's. */
  isSame(left: string, right: string): boolean {
    return this.catalogue.hasCase ? left === right : left.toLowerCase() === right.toLowerCase();
  }

  /** The next names under which a column's values can be kept. */
  keptNames(column: string): [first: string, second: string] {
    const names: string[] = [];
    for (let n = 1; names.length < 2; n++) {
      const name = keptName(column, n);
      if (!this.find(name)) names.push(name);
    }
    return names as [string, string];
  }

  /** The columns that hold what was recorded under a column's name before. */
  keptOf(column: string): ActualColumn[] {
    const { hasCase } = this.catalogue;
    const spelled = (name: string): string => (hasCase ? name : name.toLowerCase());
    return this.columns.filter(({ name }) => isKeptOf(spelled(name), spelled(column)));
  }

  add(step: Partial<SchemaStatements>): void {
    this.steps.push({ up: step.up ?? [], down: step.down ?? [] });
  }

  put(column: ActualColumn): void {
    this.columns.push(column);
  }

  /** Notes that a column has another name, type or nullability. */
  change(name: string, changes: Partial<ActualColumn>): void {
    const at = this.columns.findIndex((column) => this.isSame(column.name, name));
    this.columns[at] = { ...this.columns[at], ...changes };
    if (changes.name === undefined) return;
    const from = this.before.findIndex((column) => this.isSame(column, name));
    if (from !== -1) this.before[from] = changes.name;
    for (const index of this.indices)
      index.columns = index.columns.map((column) => (this.isSame(column, name) ? changes.name! : column));
  }

  remove(name: string): void {
    this.columns.splice(
      this.columns.findIndex((column) => this.isSame(column.name, name)),
      1,
    );
  }

  /** The copies of the audited table's columns that were there from the start, by the names that they have now. */
  get copiedBefore(): { name: string }[] {
    const own: string[] = Object.values(REVISION_COLUMNS);
    return this.before.filter((name) => !own.includes(name.toLowerCase())).map((name) => ({ name }));
  }

  /** All statements so far, in the order in which they run up and down. */
  get statements(): SchemaStatements {
    return joined(this.steps);
  }
}

/** Steps one after another. Down they run in reverse. */
export function joined(steps: readonly SchemaStatements[]): SchemaStatements {
  return {
    up: steps.flatMap(({ up }) => up),
    down: [...steps].reverse().flatMap(({ down }) => down),
  };
}
