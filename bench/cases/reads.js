import { Audited, attachAudit } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { createDatabase } from '../databases.js';
import { readEntities } from '../entities.js';
import { race } from '../measure.js';
import { sqlOf } from '../sql.js';

/** @import { Budget, DatabaseName, Result } from '../types.js' */

// Each row has ten revisions, an hour apart, and the first one a hundred, to fill a page with.
const versions = 10;
const longest = 100;
const firstCreated = Date.UTC(2020, 0, 1) / 1000;
const moment = new Date((firstCreated + 6.5 * 3600) * 1000);

/**
 * Reads of the past at each number of revisions, by us, by hand-written SQL (`limit`) and of the present (`plain`).
 *
 * @param {DatabaseName} databaseName
 * @param {{ sizes: number[], budget: Budget }} budgets
 * @returns {Promise<Result[]>} the cases are named by what is read and the number: `timeline-1000`
 */
export async function raceReads(databaseName, { sizes, budget }) {
  const worlds = [];
  try {
    for (const size of sizes) worlds.push(await openWorld(databaseName, size));
    const results = [];
    for (const read of reads) {
      const lanes = worlds.flatMap((world) => lanesOf(read, world));
      const figures = await race(lanes, {
        ...budget,
        ...(read.isSlow && { rounds: 5, atLeast: 2, warmMs: 0 }),
      });
      figures.forEach((figure, n) =>
        results.push({ case: lanes[n].case, subject: lanes[n].subject, ...figure }),
      );
    }
    return results;
  } finally {
    for (const world of worlds) await world.close();
  }
}

/*
 * A read: `ours(world, id)`, what it is to be compared with in the present, `plain(world, id)`, and by hand, `sql`
 * (a text, or parameters and a text, of the id), in the form that each database runs best and of what ours has to read.
 */
const reads = [
  {
    name: 'timeline',
    ours: ({ history, Stay }) => history.timeline(Stay, 1),
    sql: () => 'SELECT * FROM stay_rev WHERE id = 1 ORDER BY rev_version DESC LIMIT 51',
  },
  {
    name: 'as-of',
    ours: ({ history, Stay }, id) => history.asOf(Stay, id, moment),
    plain: ({ dataSource, Stay }, id) => dataSource.getRepository(Stay).findOneBy({ id }),
    sql: (id) => newest(id),
  },
  {
    name: 'at-by-key',
    ours: ({ history, Stay }, id) => history.at(moment).findOneBy(Stay, { id }),
    plain: ({ dataSource, Stay }, id) => dataSource.getRepository(Stay).findOneBy({ id }),
    sql: (id) => newest(id),
  },
  {
    name: 'at-page-20',
    ours: ({ history, Stay }) => history.at(moment).find(Stay, page()),
    plain: ({ dataSource, Stay }) => dataSource.getRepository(Stay).find(page()),
    sql: (_, type) => `${past('stay', type)} ORDER BY r.id LIMIT 20`,
  },
  {
    name: 'at-find-join',
    ours: ({ history, Stay }, id) => history.at(moment).find(Stay, coded(id)),
    plain: ({ dataSource, Stay }, id) => dataSource.getRepository(Stay).find(coded(id)),
    sql: (id, type) =>
      `SELECT * FROM (${past('stay', type, `r.code = ${id}`)}) s LEFT JOIN (${past('guest', type)}) g ON g.id = s.guest_fk`,
  },
  {
    name: 'at-find-unindexed',
    isSlow: true,
    ours: ({ history, Stay }, id) => history.at(moment).find(Stay, noted(id, 6)),
    plain: ({ dataSource, Stay }, id) => dataSource.getRepository(Stay).find(noted(id, versions)),
    sql: (id, type) => past('stay', type, `r.note = 'Stay ${id}, 6'`),
  },
  {
    name: 'feed-50',
    needs: ({ history }) => typeof history.changes === 'function',
    ours: ({ history }) => history.feed(),
    sql: () => feed(),
  },
];

const columns = { stay: ['id', 'party', 'code', 'note', 'guest_fk'], guest: ['id', 'name'] };
const columnsOf = (alias, table) => columns[table].map((column) => `${alias}.${column}`).join(', ');

const page = () => ({ order: { id: 'ASC' }, take: 20 });
const coded = (code) => ({ where: { code }, relations: { guest: true } });
const noted = (id, version) => ({ where: { note: `Stay ${id}, ${version}` } });
const seconds = () => moment.getTime() / 1000 + 0.001;

// The row as it was, which may be deleted.
function newest(id) {
  return (
    `SELECT r.rev_isdelete, ${columnsOf('r', 'stay')} FROM stay_rev r ` +
    `WHERE r.id = ${id} AND r.rev_created < ${seconds()} ORDER BY r.rev_version DESC LIMIT 1`
  );
}

// The filter first: some databases look at conditions in their order.
function past(table, type, filter = 'TRUE') {
  const isNewest =
    type === 'mariadb' || type === 'mysql'
      ? `r.rev_version = (SELECT n.rev_version FROM ${table}_rev n WHERE n.id = r.id ` +
        `AND n.rev_created < ${seconds()} ORDER BY n.rev_version DESC LIMIT 1)`
      : `NOT EXISTS (SELECT 1 FROM ${table}_rev n WHERE n.id = r.id AND n.rev_version = r.rev_version + 1 ` +
        `AND n.rev_created < ${seconds()})`;
  return (
    `SELECT ${columnsOf('r', table)} FROM ${table}_rev r ` +
    `WHERE ${filter} AND r.rev_created < ${seconds()} AND NOT r.rev_isdelete AND ${isNewest}`
  );
}

// The newest revisions of both tables with the ones before them, without which nobody can say what they changed.
function feed() {
  const tables = ['guest', 'stay'];
  const own = [
    'id',
    'created',
    'isdelete',
    'version',
    'operation',
    'actor',
    'reason',
    'transaction',
    'context',
  ];
  const common = own.map((name) => `coalesce(r_guest.rev_${name}, r_stay.rev_${name}) AS rev_${name}`);
  const values = tables.flatMap((table) =>
    columns[table].flatMap((column) => [
      `r_${table}.${column} AS ${table}_${column}`,
      ...(column === 'id' ? [] : [`p_${table}.${column} AS ${table}_${column}_before`]),
    ]),
  );
  const newestOf = (table) =>
    `SELECT * FROM (SELECT '${table}' AS t, rev_id FROM ${table}_rev ORDER BY rev_id DESC LIMIT 51) n_${table}`;
  const joins = tables.map(
    (table) =>
      `LEFT JOIN ${table}_rev r_${table} ON r_${table}.rev_id = CASE WHEN k.t = '${table}' THEN k.rev_id END ` +
      `LEFT JOIN ${table}_rev p_${table} ON p_${table}.id = r_${table}.id AND p_${table}.rev_version = r_${table}.rev_version - 1`,
  );
  return (
    `SELECT k.t, ${[...common, ...values].join(', ')}, coalesce(p_guest.rev_isdelete, p_stay.rev_isdelete) AS was_deleted ` +
    `FROM (SELECT * FROM (${tables.map(newestOf).join(' UNION ALL ')}) a ORDER BY rev_id DESC LIMIT 51) k ` +
    `${joins.join(' ')} ORDER BY k.rev_id DESC`
  );
}

function lanesOf(read, world) {
  if (!(read.needs?.(world) ?? true)) return [];
  const batch = read.isSlow ? 1 : 10;
  // Rows that no other lane has just brought into the database's memory, where there are enough.
  let lanesMade = 0;
  const lane = (subject, ask) => {
    let asked = lanesMade++ * Math.floor(world.rows / 3);
    return {
      case: `${read.name}-${world.size}`,
      subject,
      entities: batch,
      run: async () => {
        for (let n = 0; n < batch; n++) await ask(2 + ((++asked * 7919) % (world.rows - 2)));
      },
    };
  };
  const lanes = [
    lane('ours', (id) => read.ours(world, id)),
    lane('limit', (id) => world.dataSource.query(read.sql(id, world.dataSource.options.type))),
  ];
  return read.plain ? [lane('plain', (id) => read.plain(world, id)), ...lanes] : lanes;
}

async function openWorld(databaseName, size) {
  const database = await createDatabase(databaseName);
  try {
    const { Guest, Stay } = readEntities(Audited);
    const dataSource = new DataSource({ ...database.options, entities: [Guest, Stay], synchronize: true });
    await dataSource.initialize();
    const { history } = attachAudit(dataSource);
    const rows = size / versions;
    await fill(dataSource, rows);
    const close = async () => {
      await dataSource.destroy();
      await database.drop();
    };
    return { size, rows, dataSource, history, Guest, Stay, close };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function fill(dataSource, rows) {
  const sql = sqlOf(dataSource);
  const guests = Math.max(rows / 10, 1);
  const guestOf = (id) => `1 + ${id} % ${guests}`;
  const own = 'rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_actor, rev_transaction';
  const values = (number, version) =>
    `${sql.uuid(number)}, ${firstCreated} + ${version} * 3600, FALSE, ${version}, ` +
    `CASE ${version} WHEN 1 THEN 'insert' ELSE 'update' END, 'ann', ${sql.uuid(number)}`;
  const note = (id, version) => sql.concat("'Stay '", sql.text(id), "', '", sql.text(version));
  const name = sql.concat("'Guest '", sql.text('s.n'));
  const statements = [
    `INSERT INTO guest (id, name) SELECT s.n, ${name} FROM ${sql.series(guests, 's')}`,
    `INSERT INTO guest_rev (${own}, id, name) SELECT ${values('s.n', '1')}, s.n, ${name} FROM ${sql.series(guests, 's')}`,
    `INSERT INTO stay (id, party, code, note, guest_fk) SELECT s.n, ${versions}, s.n, ${note('s.n', versions)}, ` +
      `${guestOf('s.n')} FROM ${sql.series(rows, 's')}`,
    `INSERT INTO stay_rev (${own}, id, party, code, note, guest_fk) SELECT ` +
      `${values(`(v.n * ${rows} + s.n)`, 'v.n')}, s.n, v.n, s.n, ${note('s.n', 'v.n')}, ${guestOf('s.n')} ` +
      `FROM ${sql.series(versions, 'v')} CROSS JOIN ${sql.series(rows, 's')}`,
    `INSERT INTO stay_rev (${own}, id, party, code, note, guest_fk) SELECT ` +
      `${values(`((${versions} + 1) * ${rows} + v.n)`, `(${versions} + v.n)`)}, 1, v.n, 1, ${note('1', 'v.n')}, ${guestOf('1')} ` +
      `FROM ${sql.series(longest - versions, 'v')}`,
  ];
  for (const statement of statements) await dataSource.query(statement);
  await sql.analyze('guest', 'guest_rev', 'stay', 'stay_rev');
}
