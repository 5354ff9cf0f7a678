// PostgreSQL can't store U+0000. Drivers replace half a surrogate pair by another character.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/**
 * The code of a text's first character that not every database stores, such as `U+0000`; undefined if there is none.
 */
export function unstorableIn(text: string): string | undefined {
  const code = UNSTORABLE.exec(text)?.[0].charCodeAt(0);
  return code === undefined ? undefined : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
