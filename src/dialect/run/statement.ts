import { createHash } from 'node:crypto';
import { type DataSource, type QueryRunner } from 'typeorm';

/** How a driver takes parameters. */
export interface ParameterStyle {
  /** The n-th parameter of a statement, from 1. */
  placeholder(n: number): string;
  /** Whether a statement can use one parameter twice. */
  readonly numbersParameters: boolean;
  /** A pattern of quoted names and strings, without groups. */
  readonly quoted: string;
}

/** SQL text for a driver, and the names of its parameters in the driver's order. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
  /** The name of the prepared statement; undefined if it isn't worth preparing. */
  readonly name: string | undefined;
}

/**
 * A statement from a template in which `{{name}}` stands for a parameter.
 *
 * @param prepared whether connections keep the statement prepared, because it runs often and one plan serves all values
 * @example compileStatement(postgres, 'SELECT {{a}}, {{b}}, {{a}}') // → SELECT $1, $2, $1 and ['a', 'b']
 */
export function compileStatement(
  { run }: { readonly run: ParameterStyle },
  template: string,
  prepared = false,
): Statement {
  const parameters: string[] = [];
  const parts = new RegExp(`${run.quoted}|\\{\\{(\\w+)\\}\\}`, 'g');
  const text = template.replace(parts, (part, name: string | undefined) => {
    // A table or column of the application may have the name of a parameter.
    if (name === undefined) return part;
    const known = run.numbersParameters ? parameters.indexOf(name) : -1;
    return run.placeholder(known === -1 ? parameters.push(name) : known + 1);
  });
  const name = prepared ? `audit_${createHash('sha256').update(text).digest('hex').slice(0, 32)}` : undefined;
  return { text, parameters, name };
}

/**
 * The template of a text whose parameters are as the driver takes them already, and their values by name.
 *
 * @example templateOf(postgres, 'SELECT $1', [6]) // → SELECT {{given0}} and { given0: 6 }
 */
export function templateOf(
  { run }: { readonly run: ParameterStyle },
  text: string,
  given: readonly unknown[],
): { readonly template: string; readonly values: Record<string, unknown> } {
  let at = 0;
  const parts = new RegExp(`${run.quoted}|(${run.numbersParameters ? '\\$(\\d+)' : '\\?'})`, 'g');
  const template = text.replace(parts, (part, parameter: string | undefined, number: string | undefined) =>
    parameter === undefined ? part : `{{given${run.numbersParameters ? Number(number) - 1 : at++}}}`,
  );
  return { template, values: Object.fromEntries(given.map((value, n) => [`given${n}`, value])) };
}

/** The values of a statement's parameters in the driver's order. */
export function bindStatement(statement: Statement, values: Readonly<Record<string, unknown>>): unknown[] {
  return statement.parameters.map((name) => values[name]);
}

/** Compiles a template and reads rows with it, through TypeORM. */
export async function readTemplate<T = Record<string, unknown>>(
  runner: QueryRunner | DataSource,
  dialect: { readonly run: ParameterStyle },
  template: string,
  values: Readonly<Record<string, unknown>>,
): Promise<T[]> {
  const statement = compileStatement(dialect, template);
  return (await runner.query(statement.text, bindStatement(statement, values))) as T[];
}
