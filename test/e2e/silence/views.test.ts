import { Logger } from '@nestjs/common';
import { afterEach, expect, it, jest } from '@jest/globals';
import { Column, Entity, PrimaryColumn, ViewColumn, ViewEntity } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { describeTwins } from '../../support/worlds/twins.js';
import { type WorldName, worldNames } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity('jar')
class Jar {
  @PrimaryColumn('int') id: number;
  @Column('int') size: number;
}

// Its column has the name of the audited table.
@Entity('lid')
class Lid {
  @PrimaryColumn('int') id: number;
  @Column('int') jar: number;
}

@ViewEntity({
  expression: (dataSource) =>
    dataSource.createQueryBuilder().select(['j.id AS id', 'j.size AS size']).from(Jar, 'j'),
})
class SomeJars {
  @ViewColumn() id: number;
  @ViewColumn() size: number;
}

@ViewEntity({ expression: 'SELECT id, jar FROM lid' })
class SomeLids {
  @ViewColumn() id: number;
  @ViewColumn() jar: number;
}

// SQLite's can't be written.
const names = worldNames(true).filter((name): name is WorldName => name !== 'sqlite' && name !== 'sqljs');

afterEach(() => void jest.restoreAllMocks());

describeTwins(
  'A write through a view',
  { entities: [Jar, Lid, SomeJars, SomeLids] },
  (twins) => {
    it('warns once where an audited table is behind it, and writes as before', async () => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      const { audited, plain } = twins();
      for (const world of [plain, audited]) {
        await world.reset();
        await world.manager.insert(Jar, { id: 1, size: 1 });
        await world.manager.insert(Lid, { id: 1, jar: 1 });
        for (const size of [2, 3])
          await world.manager.createQueryBuilder().update(SomeJars).set({ size }).where('id = 1').execute();
        await world.manager.createQueryBuilder().update(SomeLids).set({ jar: 5 }).where('id = 1').execute();
        expect(await world.manager.find(Jar)).toEqual([{ id: 1, size: 3 }]);
      }
      expect(await audited.manager.count(revisionOf(Jar))).toBe(1);
      expect(warn.mock.calls.map(([text]) => text)).toEqual([
        'Writes through the view some_jars are not recorded, and it reads the audited table jar. Write by the entity of the table.',
      ]);
    });
  },
  names,
);
