/**
 * The few things in which hand-written SQL differs from one database to the next.
 *
 * @param {import('typeorm').DataSource} dataSource
 */
export function sqlOf(dataSource) {
  const { type } = dataSource.options;
  const isPostgres = type === 'postgres';
  const isSqlite = type === 'better-sqlite3';
  const isMysql = type === 'mariadb' || type === 'mysql';
  const concat = (...parts) => (isMysql ? `concat(${parts.join(', ')})` : parts.join(' || '));
  return {
    type,
    parameter: (n) => (isPostgres ? `$${n}` : '?'),
    concat,
    text: (expression) => `CAST(${expression} AS ${isMysql ? 'CHAR' : 'varchar'})`,
    /** FROM clause: a table alias(n) of the numbers 1 to count. */
    series: (count, alias) => {
      if (isPostgres) return `generate_series(1, ${count}) AS ${alias}(n)`;
      if (type === 'mariadb') return `(SELECT seq AS n FROM seq_1_to_${count}) ${alias}`;
      // A recursive query of its stops at 1,000.
      if (type === 'mysql')
        return (
          `(SELECT CAST(n AS SIGNED) AS n FROM JSON_TABLE(concat('[0', repeat(',0', ${count - 1}), ']'), ` +
          `'$[*]' COLUMNS (n FOR ORDINALITY)) j) ${alias}`
        );
      const steps = `SELECT 1 AS n UNION ALL SELECT n + 1 FROM steps WHERE n < ${count}`;
      return `(WITH RECURSIVE steps(n) AS (${steps}) SELECT n FROM steps) ${alias}`;
    },
    /** A UUID v7 whose order is that of the number. */
    uuid: (n) => {
      const hex = isPostgres
        ? `lpad(to_hex(${n}), 12, '0')`
        : isSqlite
          ? `printf('%012x', ${n})`
          : `lpad(lower(hex(${n})), 12, '0')`;
      const uuid = concat("'01900000-0000-7000-8000-'", hex);
      return isPostgres ? `(${uuid})::uuid` : uuid;
    },
    /** A text of so many characters. */
    repeat: (text, count) =>
      isSqlite ? `replace(hex(zeroblob(${count})), '00', '${text}')` : `repeat('${text}', ${count})`,
    div: (a, b) => (isMysql ? `${a} DIV ${b}` : `${a} / ${b}`),
    /** Now, and what makes each revision's id and transaction, for the triggers of `limit`. */
    now: isPostgres
      ? 'extract(epoch FROM clock_timestamp())'
      : isSqlite
        ? "((julianday('now') - 2440587.5) * 86400.0)"
        : 'unix_timestamp(now(6))',
    newUuid: isPostgres ? 'gen_random_uuid()' : isSqlite ? 'lower(hex(randomblob(16)))' : 'uuid()',
    transaction: isPostgres
      ? 'md5(txid_current()::text)::uuid'
      : isSqlite
        ? 'lower(hex(randomblob(16)))'
        : 'uuid()',
    analyze: async (...tables) => {
      for (const table of tables)
        await dataSource.query(isMysql ? `ANALYZE TABLE ${table}` : `ANALYZE ${table}`);
    },
  };
}
