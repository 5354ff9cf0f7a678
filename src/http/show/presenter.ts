import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Change } from '../../history/types/change.js';
import { type Revision } from '../../history/types/revision.js';
import { columnsOfProperty } from '../../history/reader/shown-columns.js';
import { classOf } from '../../history/reader/snapshot.js';
import { changeBetween, changesInJson, hasOwnJson, stateBefore } from './entity-json.js';
import { entityPath } from './entity-path.js';
import { hasToJson, toJson } from './json.js';
import { jsonWithin } from './large-values.js';

/** How revisions are shown in a list. */
export interface ListOptions {
  /** Whether each comes with its snapshot. */
  readonly snapshot: boolean;
  /** In bytes. Larger values are replaced by their size and digest. */
  readonly valueLimit: number;
  /** The path of the endpoints, for links to revisions. */
  readonly root: string;
}

/** Turns the history of one table into JSON, without the properties that the application hides. */
export class Presenter {
  /** @param hidden the property paths that class-transformer hides for this request */
  constructor(
    private readonly plan: AuditPlan,
    private readonly hidden: ReadonlySet<string>,
  ) {}

  /** Whether an entity has a toJSON(), so that only a revision can tell which properties it hides. */
  get asksEntity(): boolean {
    return hasOwnJson(this.plan.metadata);
  }

  /** Whether no column of a property is hidden. @param newest the entity's newest revision, if `asksEntity` */
  shows(property: string, newest: Revision | null): boolean {
    try {
      this.assertProperty(property, newest);
      return true;
    } catch (error) {
      if (error instanceof InvalidArgumentError) return false;
      throw error;
    }
  }

  /**
   * @param newest the entity's newest revision, if `asksEntity`
   * @param argument the name of the argument that has the property
   * @throws InvalidArgumentError when one of the property's columns is hidden
   */
  assertProperty(property: string, newest: Revision | null, argument = 'property'): void {
    const columns = columnsOfProperty(this.plan, property, this.hidden, argument);
    if (!newest) return;
    const [before, after] = this.states(newest);
    const asked = columns.map(({ propertyPath }) => changeBetween(propertyPath, before, after));
    const shown = changesInJson(asked, before, after);
    const hidden = asked.filter((change) => !shown.includes(change)).map((change) => change.property);
    columnsOfProperty(this.plan, property, new Set([...this.hidden, ...hidden]), argument);
  }

  /**
   * @param argument its name in the error
   * @throws InvalidArgumentError when one of the property's columns is hidden, or may be hidden in some rows
   */
  assertForAll(argument: string, property: string): void {
    columnsOfProperty(this.plan, property, this.hidden, argument);
    if (this.asksEntity)
      throw new InvalidArgumentError(
        argument,
        `must be left out for ${this.plan.metadata.name}, got "${property}". Its toJSON() may hide it in some rows, so a filter could tell what it hides.`,
      );
  }

  /** A revision with its snapshot and all values. */
  revision(revision: Revision): object {
    return this.json(revision, (value) => toJson(value), true);
  }

  /** A revision as an item of a list. */
  item(revision: Revision, { snapshot, valueLimit, root }: ListOptions): object {
    const path = entityPath(this.plan, revision.entityId);
    const href = path && `${root}/${path}/versions/${revision.version}`;
    return this.json(revision, (value) => jsonWithin(valueLimit, value, href), snapshot);
  }

  /** The differences between two states of an entity. */
  changes(changes: Change[], before: object | null, after: object | null): Change[] {
    return this.inJson(changes, before, after)
      .filter(({ property }) => !this.hidden.has(property))
      .map((change) => toJson(change) as Change);
  }

  entity(entity: object): object {
    return this.withoutHidden(entity, (value) => toJson(value));
  }

  private json(revision: Revision, value: (value: unknown) => unknown, isWhole: boolean): object {
    // Who may see a column that the entity has no more isn't known.
    const { snapshot, changes, dropped: _, ...own } = revision;
    const shown = this.inJson(changes, ...this.states(revision));
    return {
      ...(toJson(own) as object),
      ...(isWhole && { snapshot: snapshot && this.withoutHidden(snapshot, value) }),
      changes: shown
        .filter(({ property }) => !this.hidden.has(property))
        .map(({ from, to, ...change }) => ({ ...change, from: value(from), to: value(to) })),
    };
  }

  private inJson(changes: Change[], before: object | null, after: object | null): Change[] {
    return this.asksEntity ? changesInJson(changes, before, after) : changes;
  }

  /** The row before a revision and after it; null where it didn't exist. */
  private states(revision: Revision): [before: object | null, after: object | null] {
    const { changes, isDelete, snapshot } = revision;
    if (!this.asksEntity) return [null, null];
    const before = stateBefore(revision, () => {
      const { metadata } = this.plan;
      const discriminator = changes.find(
        ({ property }) => property === metadata.discriminatorColumn?.propertyPath,
      );
      return classOf(metadata, discriminator?.from).create(undefined, { fromDeserializer: true }) as object;
    });
    return [before, isDelete ? null : snapshot];
  }

  private withoutHidden(entity: object, value: (value: unknown) => unknown): object {
    const own = hasToJson(entity) ? entity.toJSON() : entity;
    if (typeof own !== 'object' || own === null) return {};
    return Object.fromEntries(
      Object.entries(own)
        .filter(([name]) => !this.hidden.has(name))
        .map(([name, member]) => [name, this.withoutHiddenInside(name, member, value)]),
    );
  }

  private withoutHiddenInside(path: string, member: unknown, value: (value: unknown) => unknown): unknown {
    const inside = `${path}.`;
    if (![...this.hidden].some((hidden) => hidden.startsWith(inside))) return value(member);
    const json = toJson(member);
    if (typeof json !== 'object' || json === null) return value(json);
    return Object.fromEntries(
      Object.entries(json)
        .filter(([name]) => !this.hidden.has(inside + name))
        .map(([name, inner]) => [name, this.withoutHiddenInside(inside + name, inner, value)]),
    );
  }
}
