import { type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { isPacked, keyText } from '../../dialect/keys/key-text.js';
import { type WriteOperation, type RowFacts, type Write } from './write.js';

/** One write for each table and operation, in the order in which they came first, with each key once. */
export function groupWrites(writes: readonly Write[]): readonly Write[] {
  if (writes.length < 2) return writes;
  const groups = new Map<AuditPlan, Map<WriteOperation, Group>>();
  for (const write of writes) {
    const byOperation = groups.get(write.plan) ?? new Map<WriteOperation, Group>();
    groups.set(write.plan, byOperation);
    const group = byOperation.get(write.operation) ?? new Group(write);
    byOperation.set(write.operation, group);
    group.add(write);
  }
  return [...groups.values()].flatMap((byOperation) =>
    [...byOperation.values()].flatMap((group) => group.writes()),
  );
}

interface Row {
  readonly key: Key;
  readonly entity: ObjectLiteral | undefined;
  readonly place: string | undefined;
}

class Group {
  private readonly rows = new Map<string, Row>();
  private readonly facts: RowFacts[] = [];
  private readonly packed: Write[] = [];
  /** Undefined once a write doesn't tell. */
  private sets: Set<string> | undefined = new Set();
  private all: Write | undefined;

  constructor(private readonly first: Write) {}

  add(write: Write): void {
    const { keys, entities, places } = write;
    if (keys !== 'all' && keys.length > 0) this.facts.push(write);
    this.sets = this.sets && write.sets && new Set([...this.sets, ...write.sets]);
    if (keys === 'all') this.all = write;
    else if (isPacked(keys)) this.packed.push(write);
    else
      keys.forEach((key, n) => {
        const text = keyText(key);
        const known = this.rows.get(text);
        const entity = entities?.[n] ?? known?.entity;
        const place = places?.[n] ?? known?.place;
        this.rows.set(text, { key, entity, place });
      });
  }

  writes(): Write[] {
    const rows = [...this.rows.values()];
    const named = {
      ...this.first,
      keys: rows.map(({ key }) => key),
      entities: rows.map(({ entity }) => entity),
      ...sharedFacts(this.facts),
      sets: this.sets,
      places: placesOf(rows),
    };
    // Rows that are recorded twice add nothing the second time.
    return [...(rows.length > 0 ? [named] : []), ...this.packed, ...(this.all ? [this.all] : [])];
  }
}

// Of use only if each row has one.
function placesOf(rows: readonly Row[]): readonly string[] | undefined {
  const places = rows.map(({ place }) => place);
  return places.every((place) => place !== undefined) ? places : undefined;
}

/** The facts that are the same in all writes. */
function sharedFacts(facts: readonly RowFacts[]): RowFacts {
  const shared = <K extends keyof RowFacts>(name: K): RowFacts[K] | undefined =>
    facts.every((fact) => fact[name] === facts[0][name]) ? facts[0]?.[name] : undefined;
  return {
    areInserted: shared('areInserted'),
    areGenerated: shared('areGenerated'),
    haveChanged: shared('haveChanged'),
  };
}
