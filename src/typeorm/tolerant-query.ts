/** At the end of a statement of SQLite, which has no such clause: that the column is there already is no error. */
export const IF_NOT_EXISTS = '/* IF NOT EXISTS */';
/** The same of a column that is gone already. */
export const IF_EXISTS = '/* IF EXISTS */';

/** SQLite's `query()` with these two clauses. A failed statement leaves its transaction as it was. */
export function tolerantQuery<Runner>(
  query: (this: Runner, text: string, ...rest: unknown[]) => Promise<unknown>,
): (this: Runner, text: string, ...rest: unknown[]) => Promise<unknown> {
  return function (text, ...rest) {
    const result = query.call(this, text, ...rest);
    const expected = /^\s*ALTER\s/.test(text) ? expectedError(text) : undefined;
    if (!expected) return result;
    return result.catch((error: Error) => {
      if (!expected.test(error.message)) throw error;
    });
  };
}

function expectedError(text: string): RegExp | undefined {
  if (text.includes(IF_NOT_EXISTS)) return /duplicate column name/;
  return text.includes(IF_EXISTS) ? /no such column/ : undefined;
}
