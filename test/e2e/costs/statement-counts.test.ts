import { type DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type ComparedDatabases,
  openCompared,
  type RecordedDatabase,
} from '../../support/costs/compared-databases.js';
import { Changeset } from '../../../src/revision/changeset.js';
import { type CountedWrite, writes } from '../../support/costs/counted-writes.js';
import { describeDatabases } from '../../support/servers/databases.js';

describeDatabases('the statements of a write', (name) => {
  let compared: ComparedDatabases;
  beforeAll(async () => {
    compared = await openCompared(name);
  });
  afterAll(() => compared?.close());

  it.each(writes)('are as many more as known for $name', async ({ prepare, extra }) => {
    const { statements, changesets, made } = await statementsOf(compared.audited, prepare);
    // Where the INSERT of a revision can't bring its changeset, that is a statement for each transaction and table.
    expect(changesets.length).toBe(name === 'sqlite' || name === 'mysql' ? made : 0);
    const { statements: without } = await statementsOf(compared.plain, prepare);
    const known = extra[name] ?? extra.other;
    const more = statements.length - without.length;
    // Compared as texts, so that a failure shows the one that has come or gone.
    if (more !== known) expect({ more, statements }).toEqual({ more: known, statements: without });
  });
});

interface Statements {
  readonly statements: string[];
  /** The statements that only insert a changeset. */
  readonly changesets: string[];
  /** The number of changesets that the write has made. */
  readonly made: number;
}

// The first time is to learn what the database alone knows of a table.
async function statementsOf(
  { dataSource, recorder }: RecordedDatabase,
  prepare: CountedWrite['prepare'],
): Promise<Statements> {
  await (
    await prepare(dataSource.manager)
  )();
  const write = await prepare(dataSource.manager);
  const before = await changesetsIn(dataSource);
  recorder.clear();
  await write();
  // Whether revisions have been pruned is asked again from time to time.
  const sent = recorder.statements.filter((statement) => !statement.includes('audit_maintenance'));
  const isBeside = (statement: string): boolean => /^INSERT [A-Z ]*INTO .audit_changeset/.test(statement);
  return {
    statements: sent.filter((statement) => !isBeside(statement)),
    changesets: sent.filter(isBeside),
    made: (await changesetsIn(dataSource)) - before,
  };
}

async function changesetsIn(dataSource: DataSource): Promise<number> {
  return dataSource.hasMetadata(Changeset) ? dataSource.getRepository(Changeset).count() : 0;
}
