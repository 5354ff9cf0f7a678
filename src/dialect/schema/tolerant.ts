/** CREATE TABLE and CREATE INDEX, for what may be there. */
export function unlessThere(statement: string): string {
  return statement.replace(/^CREATE (TABLE|(UNIQUE )?INDEX) /, '$&IF NOT EXISTS ');
}

/** DROP INDEX, for an index that may be gone. */
export function ifThere(statement: string): string {
  return statement.replace(/^DROP INDEX /, '$&IF EXISTS ');
}
