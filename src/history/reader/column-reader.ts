import { type DataSource, type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { tableColumns } from '../../audited/properties.js';
import { type State } from './changes.js';
import { entityIdOf } from '../arguments/key-of.js';
import { type EntityId } from '../history.types.js';
import { changeableColumns, presenceColumn, shownColumns } from './shown-columns.js';
import { classOf, columnsOf, instanceMaker } from './snapshot.js';

/** What a revision recorded of a row: the shown columns, in their order. */
export interface Recorded<E> {
  readonly rowClass: RowClass<E>;
  /** As the database has them; null in those that the row's class doesn't have, and JSON_NULL for JSON's null. */
  readonly stored: readonly unknown[];
}

/** What stands for JSON's null, which drivers read as they read NULL, or as the text of it. */
const JSON_NULL = Symbol('JSON null');

const JSON_TYPES = ['json', 'jsonb', 'simple-json'];

/** A class of the table's rows. */
interface RowClass<E> {
  /** For each column, whether the class has it. */
  readonly has: readonly boolean[];
  readonly instanceOf: (values: readonly unknown[]) => E;
}

/**
 * The shown columns of a plan, and what their recorded values stand for.
 *
 * It hydrates value by value with the driver, as TypeORM does, but not through revision entities: which columns a
 * row has depends on its discriminator, and a transformer need not know what to do with a deleted row's nulls.
 */
export class RecordedColumns<E> {
  /** The places of those that changes are listed of. */
  readonly changeable: readonly number[];
  private readonly columns: readonly PlanColumn[];
  private readonly keys: readonly number[];
  /** The places of columns that can be JSON's null, and whether the driver reads that as NULL. */
  private readonly json: readonly { readonly place: number; readonly isHidden: boolean }[];
  /** Its place, or -1. */
  private readonly discriminator: number;
  private readonly classes = new Map<EntityMetadata, RowClass<E>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
  ) {
    this.columns = shownColumns(plan);
    this.changeable = changeableColumns(plan).map((column) => this.columns.indexOf(column));
    this.keys = plan.keys.map((key) => this.columns.indexOf(key));
    const dialect = dialectOf(dataSource);
    this.json = this.columns.flatMap(({ copy, mask }, place) =>
      !mask && JSON_TYPES.includes(String(copy.type))
        ? [{ place, isHidden: dialect.types.hidesJsonNull(copy) }]
        : [],
    );
    this.discriminator = this.columns.findIndex(({ source }) => source === plan.metadata.discriminatorColumn);
  }

  get length(): number {
    return this.columns.length;
  }

  /** Each once, in the order of the places. */
  propertiesOf(places: readonly number[]): string[] {
    return [...new Set(places.map((place) => this.columns[place].propertyPath))];
  }

  /** @param names where a result row has the columns */
  recorded(raw: Readonly<Record<string, unknown>>, names: readonly string[]): Recorded<E> {
    const rowClass = this.classOf(raw[names[this.discriminator]]);
    const stored = names.map((name, n) => (rowClass.has[n] ? raw[name] : null));
    for (const { place, isHidden } of this.json) {
      // Where the driver doesn't parse JSON, it is text.
      const value = stored[place];
      const isJsonNull = isHidden
        ? value === null && rowClass.has[place] && !!raw[presenceColumn(names[place])]
        : typeof value === 'string' && value.trim() === 'null';
      if (isJsonNull) stored[place] = JSON_NULL;
    }
    return { rowClass, stored };
  }

  /** The values as an entity has them. */
  values({ rowClass, stored }: Recorded<E>): unknown[] {
    // The transformer of another class's column isn't asked.
    return stored.map((value, n) => (rowClass.has[n] ? this.hydrate(value, n) : null));
  }

  /** @param values of all columns */
  entityId(values: readonly unknown[]): EntityId {
    return entityIdOf(this.plan.keys, (_, n) => values[this.keys[n]] ?? null);
  }

  /**
   * The state of some columns.
   *
   * @param values of all columns, where they are known
   */
  state({ rowClass, stored }: Recorded<E>, places: readonly number[], values?: readonly unknown[]): State {
    const shown: Record<string, unknown> = {};
    const nulls = new Set<string>();
    const jsonNulls = new Set<string>();
    const hidden: Record<string, unknown> = {};
    for (const n of places) {
      const { propertyPath, mask } = this.columns[n];
      // Another class may have it in a column of its own.
      if (!rowClass.has[n] && propertyPath in shown) continue;
      nulls.delete(propertyPath);
      shown[propertyPath] = values ? values[n] : rowClass.has[n] ? this.hydrate(stored[n], n) : null;
      if (stored[n] === null) nulls.add(propertyPath);
      else if (stored[n] === JSON_NULL) jsonNulls.add(propertyPath);
      else if (mask === 'redact') hidden[propertyPath] = stored[n];
    }
    return { values: shown, nulls, jsonNulls, hidden };
  }

  private classOf(discriminator: unknown): RowClass<E> {
    const metadata = classOf(this.plan.metadata, discriminator);
    let known = this.classes.get(metadata);
    if (!known) {
      const names = new Set(
        [...columnsOf(metadata), ...this.plan.others.flatMap(tableColumns)].map(
          ({ databaseName }) => databaseName,
        ),
      );
      const has = this.columns.map(({ databaseName }) => names.has(databaseName));
      known = { has, instanceOf: instanceMaker<E>(metadata, this.columns) };
      this.classes.set(metadata, known);
    }
    return known;
  }

  private hydrate(value: unknown, place: number): unknown {
    const { source, copy } = this.columns[place];
    // A column that was never null has a transformer that needn't take it; its copy is null where it came later.
    if (value === null && !source.isNullable) return null;
    return hydrated(this.dataSource, value === JSON_NULL ? null : value, copy);
  }
}

/** A value as TypeORM reads it from a column. */
export function hydrated({ driver }: DataSource, value: unknown, column: ColumnMetadata): unknown {
  return driver.prepareHydratedValue(value, column) as unknown;
}
