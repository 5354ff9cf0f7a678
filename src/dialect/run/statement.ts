import { createHash } from 'node:crypto';

/** How a driver takes parameters. */
interface Parameters {
  placeholder(n: number): string;
  readonly numbersParameters: boolean;
  readonly quoted: string;
}

/** SQL text for a driver, and the names of its parameters in the order in which the driver takes them. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
  /** What it is prepared under on a connection; undefined for one that is not worth preparing. */
  readonly name: string | undefined;
}

/**
 * A statement from a template in which `{{name}}` stands for a parameter.
 *
 * @param prepared whether it runs so often, with one plan for all values, that connections should keep it
 * @example compileStatement(postgres, 'SELECT {{a}}, {{b}}, {{a}}') // → SELECT $1, $2, $1 and ['a', 'b']
 */
export function compileStatement(dialect: Parameters, template: string, prepared = false): Statement {
  const parameters: string[] = [];
  const parts = new RegExp(`${dialect.quoted}|\\{\\{(\\w+)\\}\\}`, 'g');
  const text = template.replace(parts, (part, name: string | undefined) => {
    // A table or column of the application may be called like a parameter.
    if (name === undefined) return part;
    const known = dialect.numbersParameters ? parameters.indexOf(name) : -1;
    return dialect.placeholder(known === -1 ? parameters.push(name) : known + 1);
  });
  const name = prepared ? `audit_${createHash('sha256').update(text).digest('hex').slice(0, 32)}` : undefined;
  return { text, parameters, name };
}

/** The values of a statement's parameters in the driver's order. */
export function bindStatement(statement: Statement, values: Readonly<Record<string, unknown>>): unknown[] {
  return statement.parameters.map((name) => values[name]);
}
