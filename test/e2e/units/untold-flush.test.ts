import { afterEach, expect, it } from '@jest/globals';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SubjectExecutor } from 'typeorm/persistence/SubjectExecutor.js';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { describeWorlds } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Ticket {
  @PrimaryColumn('int') id: number;
  @Column() title: string;
}

const prototype = SubjectExecutor.prototype as unknown as { broadcastAfterEventsForAll?: unknown };
const told = prototype.broadcastAfterEventsForAll;

describeWorlds('a TypeORM that tells after-events in another way', { entities: [Ticket] }, (world) => {
  afterEach(() => {
    prototype.broadcastAfterEventsForAll = told;
  });

  it('has its save() refused, and nothing is stored', async () => {
    const { manager } = world();
    prototype.broadcastAfterEventsForAll = () => ({ promises: [] });
    await expect(manager.save(Ticket, { id: 1, title: 'a' })).rejects.toThrow(UnrecordedWriteError);
    expect(await manager.count(Ticket)).toBe(0);
  });
});
