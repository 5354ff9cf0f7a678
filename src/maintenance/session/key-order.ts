import { type PlanSql } from '../../audited/plan-sql.js';
import { type Key } from '../../dialect/keys/key.js';

/** SQL to read rows of the audited table (t) or its revision table (r) in the order of their keys, from a key on. */
export class KeyOrder {
  /** For ORDER BY and GROUP BY. */
  readonly columns: string;
  private readonly names: string[];

  constructor(
    private readonly sql: PlanSql,
    private readonly alias: 't' | 'r',
  ) {
    this.names = sql.plan.keys.map((column) => {
      const name = `${alias}.${sql.column(column)}`;
      return alias === 't' ? sql.dialect.keys.ordered(name, column.source) : name;
    });
    this.columns = this.names.join(', ');
  }

  /** Condition: a row's key is greater than the key in the parameters `after0`, `after1`, …; or equal, if inclusive. */
  from(inclusive = false): string {
    const values = this.sql.plan.keys.map(({ source }, n) => {
      const value = this.sql.dialect.keys.value(`{{after${n}}}`, source);
      return this.alias === 'r' ? this.sql.dialect.types.toCopy(value, source) : value;
    });
    return beyond(this.names, values, inclusive);
  }

  /** The values of the parameters `after0`, `after1`, … */
  bind(key: Key): Record<string, unknown> {
    return Object.fromEntries(key.map((value, n) => [`after${n}`, value]));
  }
}

// Not all databases use an index for a comparison of row values. All use it for the comparison of the first column.
function beyond([name, ...names]: string[], [value, ...values]: string[], inclusive: boolean): string {
  if (names.length === 0) return `${name} ${inclusive ? '>=' : '>'} ${value}`;
  return `${name} >= ${value} AND (${name} > ${value} OR (${beyond(names, values, inclusive)}))`;
}
