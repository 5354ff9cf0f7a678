import { sqlOf } from './sql.js';

const columns = ['id', 'guest', 'email', 'party', 'note'];
const own = 'rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_transaction';

/**
 * The least that the same revisions cost: triggers on the table booking that write booking_rev, by statement with
 * transition tables in PostgreSQL, by row elsewhere.
 */
export async function createTriggers(dataSource) {
  const sql = sqlOf(dataSource);
  for (const operation of ['insert', 'update', 'delete'])
    for (const statement of sql.type === 'postgres' ? byStatement(sql, operation) : [byRow(sql, operation)])
      await dataSource.query(statement);
}

function byStatement(sql, operation) {
  const rows = operation === 'delete' ? 'OLD TABLE AS changed' : 'NEW TABLE AS changed';
  return [
    `CREATE FUNCTION booking_${operation}_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
      `INSERT INTO booking_rev (${own}, ${copied(operation)}) ` +
      `SELECT ${values(sql, operation, 'c')} FROM changed c; RETURN NULL; END $$`,
    `CREATE TRIGGER booking_${operation} AFTER ${operation.toUpperCase()} ON booking REFERENCING ${rows} ` +
      `FOR EACH STATEMENT EXECUTE FUNCTION booking_${operation}_history()`,
  ];
}

function byRow(sql, operation) {
  const write =
    `INSERT INTO booking_rev (${own}, ${copied(operation)}) ` +
    `VALUES (${values(sql, operation, operation === 'delete' ? 'OLD' : 'NEW')})`;
  return `CREATE TRIGGER booking_${operation} AFTER ${operation.toUpperCase()} ON booking FOR EACH ROW BEGIN ${write}; END`;
}

function copied(operation) {
  return operation === 'delete' ? 'id' : columns.join(', ');
}

function values(sql, operation, row) {
  const version =
    operation === 'insert'
      ? '1'
      : `coalesce((SELECT max(m.rev_version) FROM booking_rev m WHERE m.id = ${row}.id), 0) + 1`;
  const copies =
    operation === 'delete' ? `${row}.id` : columns.map((column) => `${row}.${column}`).join(', ');
  const isDelete = operation === 'delete' ? 'TRUE' : 'FALSE';
  return `${sql.newUuid}, ${sql.now}, ${isDelete}, ${version}, '${operation}', ${sql.transaction}, ${copies}`;
}
