/**
 * The value of a column's default, from its SQL; undefined where the database computes it.
 *
 * @param sql as TypeORM's `driver.normalizeDefault()` gives it
 * @example constantDefault("'draft'") // → 'draft'
 * constantDefault('now()') // → undefined
 */
export function constantDefault(sql: string | undefined): string | number | boolean | null | undefined {
  if (sql === undefined) return undefined;
  // PostgreSQL writes the type behind a value: 'draft'::character varying.
  const text = sql
    .trim()
    .replace(/^\((.*)\)$/s, '$1')
    .replace(/::[\w\s"().[\]]+$/, '');
  if (/^null$/i.test(text)) return null;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if (/^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text)) return exactNumber(text);
  const quoted = /^'((?:[^'\\]|'')*)'$/s.exec(text);
  return quoted ? quoted[1].replaceAll("''", "'") : undefined;
}

// A number that JavaScript would round stays text.
function exactNumber(text: string): string | number {
  const value = Number(text);
  return String(value) === text ? value : text;
}
