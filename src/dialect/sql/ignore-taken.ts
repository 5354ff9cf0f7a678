/** Makes an INSERT of MySQL or MariaDB skip rows whose unique key is taken. */
export function ignoreTaken(insert: string): string {
  return insert.replace(/^INSERT /, 'INSERT IGNORE ');
}
