/** Condition: columns are equal, `p."id" = k.k0 AND …`. Each side is an alias, or gives the n-th expression. */
export function keysEqual(
  columns: readonly string[],
  left: string | ((n: number) => string),
  right: string | ((n: number) => string),
): string {
  const side = (of: string | ((n: number) => string), n: number): string =>
    typeof of === 'string' ? `${of}.${columns[n]}` : of(n);
  return columns.map((_, n) => `${side(left, n)} = ${side(right, n)}`).join(' AND ');
}
