import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Reservation } from '../../support/entities/reservation.js';
import { createDatabase, describeDatabases } from '../../support/servers/databases.js';

const ROWS = 6_000;

describeDatabases('docs/adoption.md', (name) => {
  it('its steps: old instances write, new ones are deployed, a backfill is killed and goes on, all is verified', async () => {
    const database = await createDatabase(name, { file: true });
    const options = { ...database.options, entities: [Reservation] } as DataSourceOptions;
    // The application as it was: its table and rows, and nothing of ours.
    const old = await new DataSource(options).initialize();
    const { upQueries } = await old.driver.createSchemaBuilder().log();
    const isOurs = (query: string): boolean => /_rev|audit_/.test(query);
    const run = async (wanted: (query: string) => boolean): Promise<void> => {
      for (const { query, parameters } of upQueries) if (wanted(query)) await old.query(query, parameters);
    };
    await run((query) => !isOurs(query));
    for (let at = 0; at < ROWS; at += 2000) {
      const values = Array.from({ length: 2000 }, (_, n) => `(${at + n + 1}, 0)`);
      await old.query(`INSERT INTO reservation (id, party) VALUES ${values.join(', ')}`);
    }

    // 1. The migration only adds tables. 3. A new instance beside the old one.
    await run(isOurs);
    const isShared = name === 'sqlite';
    const fresh = isShared ? old : await new DataSource(options).initialize();
    const { maintenance, history } = attachAudit(fresh);
    const reservations = fresh.getRepository(Reservation);
    await reservations.update(1, { party: 1 });
    expect((await history.timeline(Reservation, 1)).items).toMatchObject([
      { operation: 'update', changes: [{ property: 'party', from: 0, to: 1 }] },
      { operation: 'baseline', actor: null },
    ]);
    await old.query('UPDATE reservation SET party = 2 WHERE id = 2');

    // 4. The backfill, under writers, killed half-way.
    let isOver = false;
    const writer = async (first: number): Promise<void> => {
      for (let id = first; !isOver; id = (id * 7 + 3) % ROWS) {
        await reservations.update(id + 1, { party: () => 'party + 1' });
        // Timers alone would leave no turn to the backfill, because SQLite's driver is synchronous.
        await sleep(2);
        await nextTurn();
      }
    };
    const writers = [11, 222, 3333].map(writer);
    const killed = new Error('killed');
    const onProgress = ({ done }: { done: number }): void => {
      if (done >= ROWS / 2) throw killed;
    };
    await expect(maintenance.backfill(undefined, { onProgress })).rejects.toBe(killed);
    const [{ missing }] = await maintenance.backfill();
    isOver = true;
    await Promise.all(writers);
    expect(missing).toBeGreaterThan(ROWS / 4);

    // 5. Every row has one baseline, and all is well.
    const baselines = await fresh
      .getRepository(revisionOf(Reservation))
      .countBy({ revOperation: 'baseline' });
    expect(baselines).toBe(ROWS);
    expect(await maintenance.verify()).toMatchObject({ ok: true });
    if (name === 'postgres') await fresh.query('ANALYZE');
    await expectInvariants(fresh);
    if (!isShared) await fresh.destroy();
    await old.destroy();
    await database.drop();
  }, 240_000);
});
