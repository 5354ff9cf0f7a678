/** A value in SQL: text is quoted, where a backslash is an ordinary character. */
export function quoted(value: string | number | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}
