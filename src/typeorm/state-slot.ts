const STATE = Symbol.for('nestjs-typeorm-audit:state');

/** The values of all slots of one data source or driver. */
interface State {
  readonly bearer: object;
  readonly values: Record<string, unknown>;
}

type Bearer = object & { [STATE]?: State };

/**
 * One value that this library stores on a data source or a driver. All such state is in slots.
 *
 * A derived data source (`Object.create()`, copies, one for each tenant) sees the values of its base until it gets its
 * own. All copies of this library in a process share the values, by the slot's name.
 *
 * @example
 * ```ts
 * const captures = new StateSlot<Capture>('capture');
 * captures.set(dataSource, capture);
 * captures.of(dataSource); // capture
 * ```
 */
export class StateSlot<T> {
  constructor(private readonly name: string) {}

  /** The value of a data source or driver, or of its base. */
  of(bearer: object): T | undefined {
    return (bearer as Bearer)[STATE]?.values[this.name] as T | undefined;
  }

  set(bearer: object, value: T | undefined): void {
    ownState(bearer).values[this.name] = value;
  }

  /** The value of exactly this data source or driver. The first call makes it. */
  own(bearer: object, make: () => T): T {
    const { values } = ownState(bearer);
    if (!Object.hasOwn(values, this.name)) values[this.name] = make();
    return values[this.name] as T;
  }
}

function ownState(bearer: Bearer): State {
  const state = bearer[STATE];
  // A copy of a data source brings along the state of the original, whose bearer is another object.
  if (state?.bearer === bearer) return state;
  const values = Object.create(state?.values ?? null) as State['values'];
  return (bearer[STATE] = { bearer, values });
}
