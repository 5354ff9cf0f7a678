// PostgreSQL has no place for the first, and of half a surrogate pair drivers make something else.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** The name of a character in a text that no database can be trusted to store, as in `U+0000`; undefined if there is none. */
export function unstorableIn(text: string): string | undefined {
  const code = UNSTORABLE.exec(text)?.[0].charCodeAt(0);
  return code === undefined ? undefined : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
