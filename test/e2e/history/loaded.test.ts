import { expect, it } from '@jest/globals';
import { AfterLoad, Column, Entity, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { describeWorlds } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Letter {
  @PrimaryColumn('int') id: number;
  @Column() text: string;
  heading?: string;

  @AfterLoad() head(): void {
    this.heading = this.text.slice(0, 4);
  }
}

describeWorlds('@AfterLoad()', { entities: [Letter] }, (world) => {
  it('runs on what at() finds, and not on snapshots and asOf()', async () => {
    const { dataSource, manager } = world();
    const history = new HistoryService(dataSource);
    await manager.insert(Letter, { id: 1, text: 'Dear all' });
    const newest = (await history.latest(Letter, 1))!;
    expect((await history.at(newest).findOne(Letter, { where: { id: 1 } }))?.heading).toBe('Dear');
    expect(newest.snapshot?.heading).toBeUndefined();
    expect((await history.asOf(Letter, 1, newest))?.heading).toBeUndefined();
  });
});
