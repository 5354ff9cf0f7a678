import { race } from './measure.js';

/** @import { Budget, DatabaseName, Lane, Result, Subject, WriteCase } from './types.js' */

// Long enough to be told from the clock's noise, short enough for rounds to alternate.
const batchOf = { sqlite: 20, 'sqlite-memory': 30, postgres: 8, mariadb: 8, mysql: 8 };

/**
 * Races the subjects in one case, after a look at what each of them records of it.
 *
 * @param {WriteCase} writeCase
 * @param {Subject[]} subjects
 * @param {DatabaseName} databaseName
 * @param {Budget} budget
 * @returns {Promise<Omit<Result, 'case'>[]>}
 */
export async function raceWrites(writeCase, subjects, databaseName, budget) {
  /** @type {Lane[]} */
  const lanes = [];
  /** @type {Omit<Result, 'case'>[]} */
  const outcomes = [];
  for (const subject of subjects) {
    if (subject.isHandWritten && !writeCase.sql) continue;
    const lane = laneOf(writeCase, subject, writeCase.batch ? batchOf[databaseName] : 1);
    try {
      await writeCase.before?.(subject);
      outcomes.push({ subject: subject.name, ...(await look(writeCase, subject, lane)) });
      lanes.push(lane);
    } catch (error) {
      outcomes.push({ subject: subject.name, error });
      lanes.push({ entities: 1, run: () => Promise.reject(error) });
    }
  }
  const figures = await race(lanes, budget);
  return outcomes.map((outcome, n) => ({ ...outcome, ...figures[n] }));
}

/**
 * @param {WriteCase} writeCase
 * @param {Subject} subject
 * @param {number} batch
 * @returns {Lane}
 */
function laneOf(writeCase, subject, batch) {
  const run = subject.isHandWritten ? writeCase.sql : writeCase.run;
  return {
    entities: writeCase.entities * batch,
    async prepare() {
      const prepared = [];
      for (let n = 0; n < batch; n++) prepared.push(await writeCase.prepare?.(subject));
      await subject.drain();
      return prepared;
    },
    async run(prepared) {
      for (const one of prepared) await run?.(subject, one);
      await subject.drain();
    },
  };
}

// The first run, which is not counted, shows what comes of it.
async function look(writeCase, subject, lane) {
  const table = subject.history && (writeCase.historyOf?.(subject) ?? subject.history);
  const metadata = subject.dataSource.entityMetadatas.find(({ tableName }) => tableName === table);
  const isWhole = writeCase.isWhole && metadata?.findColumnWithPropertyName('guest');
  const count = () =>
    metadata ? countOf(subject, `${table}${isWhole ? ' WHERE guest IS NOT NULL' : ''}`) : 0;
  const prepared = await lane.prepare();
  const before = await count();
  await lane.run(prepared);
  const recorded = (await count()) - before;
  return { expected: table ? (writeCase.revisions * lane.entities) / writeCase.entities : 0, recorded };
}

/** @param table its name, and a WHERE behind it if need be */
export async function countOf({ dataSource }, table) {
  return Number((await dataSource.query(`SELECT count(*) AS n FROM ${table}`))[0].n);
}
