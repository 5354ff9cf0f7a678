import { expect, it } from '@jest/globals';
import { Column, Entity, EntityManager, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { describeTwins, settled } from '../../support/worlds/twins.js';

@Audited()
@Entity()
class Note {
  @PrimaryColumn('int') id: number;
  @Column() text: string;
}

// 0.3 has no such option.
const hasOption = EntityManager.prototype.clear.length > 1;

describeTwins('clear() with { cascade: true }', { entities: [Note] }, (twins, name) => {
  it('empties the table, or is refused, as by TypeORM alone', async () => {
    const revisions = await twins().play(async ({ manager }) => {
      await manager.insert(Note, { id: 1, text: 'a' });
      return settled(manager.clear(Note, { cascade: true }));
    });
    const isCleared = name === 'postgres' || !hasOption;
    expect(revisions).toHaveLength(isCleared ? 2 : 1);
  });
});
