// By the normalized name of a column's type, as `driver.normalizeType()` gives it.

export function isText(type: string): boolean {
  return /char|text/.test(type);
}

export function isBinary(type: string): boolean {
  return /binary|blob/.test(type);
}
