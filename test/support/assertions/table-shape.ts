import { type DataSource } from 'typeorm';

/** A table as the database's own catalogue describes it. */
export interface TableShape {
  /** 'name type', with ' not null', ' default …' and whatever else a column can have. */
  readonly columns: readonly string[];
  /** 'primary (…)', 'unique (…)', 'index (…)', and all other constraints; sorted. */
  readonly keys: readonly string[];
}

/** Reads the shape of a table, past TypeORM. */
export async function tableShape(dataSource: DataSource, table: string): Promise<TableShape> {
  const { type } = dataSource.options;
  const read =
    type === 'postgres' ? readPostgres : type === 'mariadb' || type === 'mysql' ? readMysql : readSqlite;
  const { columns, keys } = await read((sql) => dataSource.query(sql), table);
  return { columns, keys: [...keys].sort() };
}

type Query = (sql: string) => Promise<any[]>;

async function readSqlite(query: Query, table: string): Promise<TableShape> {
  const columns = await query(`SELECT * FROM pragma_table_xinfo('${table}')`);
  const indexes = await query(`SELECT * FROM pragma_index_list('${table}')`);
  const foreignKeys = await query(`SELECT * FROM pragma_foreign_key_list('${table}')`);
  const [{ sql }] = await query(`SELECT sql FROM sqlite_master WHERE name = '${table}'`);
  const keys = indexes.map(async (index) => {
    const of = await query(`SELECT name FROM pragma_index_info('${index.name}') ORDER BY seqno`);
    const kind = index.origin === 'pk' ? 'primary' : index.unique ? 'unique' : 'index';
    return `${kind} (${of.map(({ name }) => name).join(', ')})${index.partial ? ' partial' : ''}`;
  });
  return {
    columns: columns.map(
      (column) =>
        `${column.name} ${column.type}${column.notnull ? ' not null' : ''}` +
        `${column.dflt_value === null ? '' : ` default ${column.dflt_value}`}${column.hidden ? ' generated' : ''}`,
    ),
    keys: [
      ...(await Promise.all(keys)),
      ...foreignKeys.map(({ from }) => `foreign (${from})`),
      ...(/CHECK|AUTOINCREMENT/i.exec(sql as string) ?? []),
    ],
  };
}

async function readPostgres(query: Query, table: string): Promise<TableShape> {
  const columns = await query(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required, attgenerated, ` +
      `attidentity, pg_get_expr(adbin, adrelid) AS expression, collname FROM pg_attribute ` +
      `LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum ` +
      `LEFT JOIN pg_collation c ON c.oid = attcollation AND collname <> 'default' ` +
      `WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  const indexes = await query(
    `SELECT indisprimary, indisunique, pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = '${table}'::regclass`,
  );
  const constraints = await query(
    `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = '${table}'::regclass AND contype IN ('f', 'c', 'x')`,
  );
  return {
    columns: columns.map(
      (column) =>
        `${column.name} ${column.type}${column.collname ? ` collate ${column.collname}` : ''}` +
        `${column.required ? ' not null' : ''}${column.expression ? ` default ${column.expression}` : ''}` +
        `${column.attgenerated || column.attidentity ? ' generated' : ''}`,
    ),
    keys: [
      ...indexes.map(
        ({ indisprimary, indisunique, definition }) =>
          `${indisprimary ? 'primary' : indisunique ? 'unique' : 'index'} ${/\(.*/.exec(definition as string)![0].replaceAll('"', '')}`,
      ),
      ...constraints.map(({ definition }) => definition as string),
    ],
  };
}

async function readMysql(query: Query, table: string): Promise<TableShape> {
  const at = `table_schema = database() AND table_name = '${table}'`;
  const columns = await query(
    `SELECT column_name AS name, column_type AS type, is_nullable AS nullable, column_default AS def, extra ` +
      `FROM information_schema.columns WHERE ${at} ORDER BY ordinal_position`,
  );
  const indexes = await query(
    `SELECT index_name AS name, min(non_unique) AS other, group_concat(column_name ORDER BY seq_in_index SEPARATOR ', ') AS columns ` +
      `FROM information_schema.statistics WHERE ${at} GROUP BY index_name`,
  );
  const foreignKeys = await query(
    `SELECT column_name AS name FROM information_schema.key_column_usage WHERE ${at} AND referenced_table_name IS NOT NULL`,
  );
  return {
    columns: columns.map(
      (column) =>
        `${column.name} ${column.type}${column.nullable === 'NO' ? ' not null' : ''}` +
        `${column.def === null || column.def === 'NULL' ? '' : ` default ${column.def}`}${column.extra ? ` ${column.extra}` : ''}`,
    ),
    keys: [
      ...indexes.map(
        ({ name, other, columns: of }) =>
          `${name === 'PRIMARY' ? 'primary' : Number(other) ? 'index' : 'unique'} (${of})`,
      ),
      ...foreignKeys.map(({ name }) => `foreign (${name})`),
    ],
  };
}
