import { afterEach, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Audited()
@Entity()
class LongNote {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) note: string;
}

// SQLite can't.
const widening: Partial<Record<DatabaseName, string>> = {
  postgres: 'ALTER COLUMN note TYPE varchar(100)',
  mariadb: 'MODIFY note varchar(100)',
  mysql: 'MODIFY note varchar(100)',
};

describeDatabases('what reads remember', (name) => {
  const open: AuditedDatabase[] = [];
  afterEach(async () => {
    for (const audited of open.splice(0)) await audited.close();
  });

  async function opened(options: object = {}): Promise<AuditedDatabase> {
    const audited = await openAudited(name, { entities: [LongNote], ...options });
    open.push(audited);
    return audited;
  }

  async function booked(dataSource: DataSource, notes: string[]): Promise<void> {
    const row = new LongNote();
    for (const note of notes) await dataSource.manager.save(Object.assign(row, { note }));
  }

  async function readAll(history: HistoryService): Promise<unknown> {
    const { items } = await history.timeline(LongNote, 1);
    const feed = await history.feed();
    const since = await history.timeline(LongNote, 1, { from: new Date(0) });
    // Read with the predecessors joined, and taken from the page.
    expect(since.items).toEqual(items);
    expect(feed.items).toMatchObject(items);
    expect((await history.asOf(LongNote, 1, new Date()))?.note).toBe(items[0].snapshot!.note);
    expect((await history.at(new Date()).findOneBy(LongNote, { id: 1 }))?.note).toBe(items[0].snapshot!.note);
    return items.map(({ snapshot }) => snapshot!.note);
  }

  it('is of its data source alone', async () => {
    const [first, second] = [await opened(), await opened({ entityPrefix: 'other_' })];
    await booked(first.dataSource, ['a', 'b']);
    await booked(second.dataSource, ['c']);
    expect(await readAll(new HistoryService(first.dataSource))).toEqual(['b', 'a']);
    expect(await readAll(new HistoryService(second.dataSource))).toEqual(['c']);
    expect(await readAll(new HistoryService(first.dataSource))).toEqual(['b', 'a']);
  });

  it('is forgotten when the data source is initialised again', async () => {
    const { dataSource } = await opened();
    const history = new HistoryService(dataSource);
    await booked(dataSource, ['a']);
    expect(await readAll(history)).toEqual(['a']);
    await dataSource.destroy();
    dataSource.setOptions({ entityPrefix: 'other_' });
    await dataSource.initialize();
    await booked(dataSource, ['b', 'c']);
    expect(await readAll(history)).toEqual(['c', 'b']);
  });

  it('has an end, beyond which reads are as right', async () => {
    const { dataSource } = await opened();
    const history = new HistoryService(dataSource);
    const notes = Array.from({ length: 110 }, (_, n) => String(n + 1));
    await booked(dataSource, notes);
    const newest = notes.toReversed();
    for (let limit = 1; limit <= notes.length; limit++) {
      const { items } = await history.feed({ limit });
      expect(items.map(({ snapshot }) => (snapshot as LongNote).note)).toEqual(newest.slice(0, limit));
    }
  });

  if (widening[name])
    it('outlives a migration that gives a column another type', async () => {
      const logger = new QueryRecorder();
      const { dataSource } = await opened({ logger });
      const history = new HistoryService(dataSource);
      await booked(dataSource, ['a', 'b']);
      const before = await readAll(history);
      for (const table of ['long_note', 'long_note_rev'])
        await dataSource.query(`ALTER TABLE ${table} ${widening[name]}`);
      expect(await readAll(history)).toEqual(before);
      expect((await history.restore(LongNote, 1, 1))?.snapshot?.note).toBe('a');
      // Where it is prepared, its connection finds out once.
      expect(logger.failed).toHaveLength(name === 'postgres' ? 1 : 0);
    });
});
