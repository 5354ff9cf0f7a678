import { type DataSource, type EntityMetadata } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { tableColumns } from '../../audited/marks/properties.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { entityIdOf } from '../arguments/key-of.js';
import { type Change } from '../types/change.js';
import { type EntityId } from '../types/entity-id.js';
import { changesOf, type State } from './changes.js';
import { changeableColumns, presenceColumn, resultColumn, shownColumns } from './shown-columns.js';
import { classOf, columnsOf, instanceMaker } from './snapshot.js';

/** A result row with a revision. */
export type RawRow = Readonly<Record<string, unknown>>;

/** The shown columns of one revision, in order, not hydrated yet. */
export interface RawState<E> {
  readonly rowClass: RowClass<E>;
  /** Driver values: null in columns that the row's class lacks, JSON_NULL for JSON's null. */
  readonly raw: readonly unknown[];
  /** The places of the columns that the revision's writer didn't know, and so hasn't changed. */
  readonly lacking: ReadonlySet<number>;
  /** Those of them whose values nobody knows. */
  readonly blind: ReadonlySet<number>;
}

/** A class of the table's rows. */
interface RowClass<E> {
  /** For each column, whether the class has it. */
  readonly has: readonly boolean[];
  readonly instanceOf: (values: readonly unknown[]) => E;
}

/** Stands for JSON's null, which drivers return as null or as the text 'null'. */
const JSON_NULL = Symbol('JSON null');

const NO_GAPS = { lacking: new Set<number>(), blind: new Set<number>() } as const;

const JSON_TYPES = ['json', 'jsonb', 'simple-json'];

/**
 * Reads the shown columns of a plan.
 *
 * It hydrates each value with the driver, as TypeORM does. It does not load revision entities, because a row's columns
 * depend on its discriminator, and a transformer need not accept the nulls of a deleted row.
 */
export class ColumnReader<E> {
  private readonly columns: readonly PlanColumn[];
  /** The places of the columns that differ between versions. */
  private readonly changeable: readonly number[];
  /** Those of them that `changes` lists. */
  private readonly listed: readonly number[];
  private readonly keys: readonly number[];
  /** The places of the JSON columns, and whether the driver returns null for JSON's null. */
  private readonly json: readonly { readonly place: number; readonly isHidden: boolean }[];
  /** The discriminator's place, or -1. */
  private readonly discriminator: number;
  /** The result columns of a revision `r` and of its predecessor `p`. */
  private readonly names: Readonly<Record<'r' | 'p', readonly string[]>>;
  private readonly classes = new Map<EntityMetadata, RowClass<E>>();
  /** By shape. */
  private readonly gaps = new Map<number, { readonly lacking: Set<number>; readonly blind: Set<number> }>();

  /** @param prefix of the names in a result */
  constructor(
    private readonly dataSource: DataSource,
    private readonly plan: AuditPlan,
    prefix: string,
  ) {
    this.columns = shownColumns(plan);
    this.changeable = changeableColumns(plan).map((column) => this.columns.indexOf(column));
    this.listed = this.changeable.filter((place) => !this.columns[place].isQuiet);
    this.names = {
      r: this.columns.map((_, n) => `${prefix}${resultColumn('r', n)}`),
      p: this.columns.map((_, n) => `${prefix}${resultColumn('p', n)}`),
    };
    this.keys = plan.keys.map((key) => this.columns.indexOf(key));
    this.discriminator = this.columns.findIndex(({ source }) => source === plan.metadata.discriminatorColumn);
    const dialect = dialectOf(dataSource);
    this.json = this.columns.flatMap(({ copy, mask }, place) =>
      !mask && JSON_TYPES.includes(String(copy.type))
        ? [{ place, isHidden: dialect.types.hidesJsonNull(copy) }]
        : [],
    );
    this.columns.forEach(({ databaseName }, place) => {
      const { assumed = [], blind = [] } = plan.gaps.get(databaseName) ?? {};
      for (const shape of [...assumed, ...blind]) {
        const gap = this.gaps.get(shape) ?? { lacking: new Set(), blind: new Set() };
        this.gaps.set(shape, gap);
        gap.lacking.add(place);
        if (blind.includes(shape)) gap.blind.add(place);
      }
    });
  }

  get changeableProperties(): string[] {
    return this.propertiesOf(this.changeable);
  }

  /**
   * @param alias of the revision, or of its predecessor
   * @param shape the `rev_shape` of that revision
   */
  read(row: RawRow, alias: 'r' | 'p', shape: number | null): RawState<E> {
    const names = this.names[alias];
    const rowClass = this.classOf(row[names[this.discriminator]]);
    const raw = names.map((name, n) => (rowClass.has[n] ? row[name] : null));
    for (const { place, isHidden } of this.json) {
      // A driver that doesn't parse JSON returns text.
      const value = raw[place];
      const isJsonNull = isHidden
        ? value === null && rowClass.has[place] && !!row[presenceColumn(names[place])]
        : typeof value === 'string' && value.trim() === 'null';
      if (isJsonNull) raw[place] = JSON_NULL;
    }
    return { rowClass, raw, ...(this.gaps.get(shape ?? 0) ?? NO_GAPS) };
  }

  /** The hydrated values of all columns. */
  values({ rowClass, raw, blind }: RawState<E>): unknown[] {
    // The transformer of another class's column isn't called.
    return raw.map((value, n) => {
      if (blind.has(n)) return undefined;
      return rowClass.has[n] ? this.hydrate(value, n) : null;
    });
  }

  /** @param values of all columns */
  entityId(values: readonly unknown[]): EntityId {
    return entityIdOf(this.plan.keys, (_, n) => values[this.keys[n]] ?? null);
  }

  /** @param values of all columns */
  instance({ rowClass }: RawState<E>, values: readonly unknown[], revisionId: string): E {
    const entity = rowClass.instanceOf(values);
    this.plan.revisionId?.setEntityValue(entity as object, revisionId);
    return entity;
  }

  /**
   * @param previous null if the predecessor deleted the row, undefined if there is no predecessor
   * @param current null if the revision deleted the row
   * @param values of all columns, of the current state
   */
  changes(
    operation: AuditOperation,
    previous: RawState<E> | null | undefined,
    current: RawState<E> | null,
    values: readonly unknown[],
  ): Change[] {
    // Only places with different raw values need hydration.
    const places =
      previous && current && operation !== 'insert'
        ? this.listed.filter((n) => previous.raw[n] !== current.raw[n] && !previous.blind.has(n))
        : this.listed;
    const known = current ? places.filter((n) => !current.lacking.has(n)) : places;
    return changesOf(
      operation,
      previous && this.state(previous, known),
      current && this.state(current, known, values),
      this.propertiesOf(known),
    );
  }

  /**
   * The state of the changeable columns, or only of the given places.
   *
   * @param values the hydrated values of all columns, if known
   */
  state({ rowClass, raw, blind }: RawState<E>, places = this.changeable, values?: readonly unknown[]): State {
    const shown: Record<string, unknown> = {};
    const nulls = new Set<string>();
    const jsonNulls = new Set<string>();
    const hidden: Record<string, unknown> = {};
    const unknown = new Set<string>();
    for (const n of places) {
      const { propertyPath, mask } = this.columns[n];
      if (blind.has(n)) {
        unknown.add(propertyPath);
        continue;
      }
      // Another class may have the property in a column of its own.
      if (!rowClass.has[n] && propertyPath in shown) continue;
      nulls.delete(propertyPath);
      shown[propertyPath] = values ? values[n] : rowClass.has[n] ? this.hydrate(raw[n], n) : null;
      if (raw[n] === null) nulls.add(propertyPath);
      else if (raw[n] === JSON_NULL) jsonNulls.add(propertyPath);
      else if (mask === 'redact') hidden[propertyPath] = raw[n];
    }
    return { values: shown, nulls, jsonNulls, hidden, unknown };
  }

  private propertiesOf(places: readonly number[]): string[] {
    return [...new Set(places.map((place) => this.columns[place].propertyPath))];
  }

  private classOf(discriminator: unknown): RowClass<E> {
    const metadata = classOf(this.plan.metadata, discriminator);
    let rowClass = this.classes.get(metadata);
    if (!rowClass) {
      const names = new Set(
        [...columnsOf(metadata), ...this.plan.others.flatMap(tableColumns)].map(
          ({ databaseName }) => databaseName,
        ),
      );
      const has = this.columns.map(({ databaseName }) => names.has(databaseName));
      rowClass = { has, instanceOf: instanceMaker<E>(metadata, this.columns) };
      this.classes.set(metadata, rowClass);
    }
    return rowClass;
  }

  private hydrate(value: unknown, place: number): unknown {
    const { source, copy } = this.columns[place];
    // Revisions older than a NOT NULL column have null in its copy, and its transformer need not accept null.
    if (value === null && !source.isNullable) return null;
    return this.dataSource.driver.prepareHydratedValue(value === JSON_NULL ? null : value, copy) as unknown;
  }
}
